import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createRandom, median, percentile, ratios, rotated } from '../../bench/measuring';

const samples = fc.array(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), { minLength: 1, maxLength: 50 });

describe('statistics of the benchmarks', () => {
  test('the median of an odd number of samples is the middle one, of an even number the mean of both', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([9, 1, 5, 3])).toBe(4);
    expect(median([7])).toBe(7);
  });

  test('a percentile is the least sample that covers the share', () => {
    fc.assert(
      fc.property(samples, fc.double({ min: 0.01, max: 1, noNaN: true }), (values, share) => {
        const value = percentile(values, share);
        const covered = values.filter((sample) => sample <= value).length;
        const below = values.filter((sample) => sample < value).length;
        expect(values).toContain(value);
        expect(covered).toBeGreaterThanOrEqual(share * values.length - 1e-9);
        expect(below).toBeLessThan(share * values.length + 1e-9);
      }),
    );
  });

  test('no sample has no percentile', () => {
    expect(() => percentile([], 0.5)).toThrow();
  });

  test('quotients are taken repetition by repetition', () => {
    expect(ratios([10, 9], [5, 3])).toEqual([2, 3]);
  });

  test('turning the order puts each one first in its turn and loses none', () => {
    const turns = [0, 1, 2, 3].map((turn) => rotated(['a', 'b', 'c'], turn).join(''));
    expect(turns).toEqual(['abc', 'bca', 'cab', 'abc']);
  });

  test('the same seed gives the same chance, and all of it within 0 and 1', () => {
    const [one, other] = [createRandom(7), createRandom(7)];
    const values = Array.from({ length: 1_000 }, () => one());
    expect(values).toEqual(Array.from({ length: 1_000 }, () => other()));
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
    expect(new Set(values).size).toBeGreaterThan(900);
  });
});
