/** What a lossy column makes of values. */
import { describe, expect, test } from '@jest/globals';
import { reduceFor } from '../../engine';
import type { ColumnBounds, LogicalType, Value } from '../../engine';

function reduced(
  type: LogicalType,
  value: Value,
  bounds: Partial<ColumnBounds> = {},
  nullable = true,
): Value {
  return reduceFor({ declaredType: 'x', type, bounds: { specials: [], ...bounds }, nullable })(value);
}

const decimal = (precision: number, scale: number): LogicalType => ({ kind: 'decimal', precision, scale });

describe('a lossy column', () => {
  test.each([
    ['1.005', '1.01'],
    ['-1.005', '-1.01'],
    ['1.004999999999999999999999', '1.00'],
    ['0.001', '0.00'],
    ['-0.001', '0.00'],
    ['12345678901234567890.125', '12345678901234567890.13'],
    ['1e-7', '0.00'],
    ['1.5e3', '1500.00'],
    ['7', '7.00'],
  ])('rounds the decimal %s to %s', (from, to) => {
    expect(reduced(decimal(10, 2), from)).toBe(to);
  });

  test('rounds to tens where the scale is below zero', () => {
    expect(reduced(decimal(3, -1), '15')).toBe('20');
    expect(reduced(decimal(3, -1), '14')).toBe('10');
    expect(reduced(decimal(3, -1), '4')).toBe('0');
  });

  test('rounds fractions where it holds whole numbers, and leaves what is too large', () => {
    const int: LogicalType = { kind: 'int', bits: 8, signed: true };
    expect(reduced(int, 2.5)).toBe(3n);
    expect(reduced(int, '-2.5')).toBe(-3n);
    expect(reduced(int, 300n)).toBe(300n);
    expect(reduced(int, 'soon')).toBe('soon');
  });

  test('takes the nearest number of single precision, with all its digits', () => {
    expect(reduced({ kind: 'float', bits: 32 }, 0.1)).toBe(Math.fround(0.1));
    expect(reduced({ kind: 'float', bits: 32 }, '0.1')).toBe(Math.fround(0.1));
    expect(reduced({ kind: 'float', bits: 64 }, '0.1')).toBe(0.1);
  });

  test.each<[string, LogicalType, Value, Value]>([
    ['a floating point number', { kind: 'float', bits: 64 }, -0, 0],
    ['a text that is one', { kind: 'float', bits: 32 }, '-0.0', 0],
    ['a decimal without digits', { kind: 'decimal', precision: null, scale: null }, '-0.00', '0.00'],
    ['a decimal of some', decimal(5, 1), -0, '0.0'],
    ['an integer', { kind: 'int', bits: 8, signed: true }, '-0', 0n],
    ['a real one of SQLite', { kind: 'dynamic', affinity: 'real' }, -0, 0],
    ['a numeric one of SQLite', { kind: 'dynamic', affinity: 'numeric' }, '-0.0', 0],
  ])('makes 0 of -0 where it has no such thing: %s', (_, type, from, to) => {
    expect(reduced(type, from)).toBe(to);
  });

  test('leaves -0 where it has such a thing, and texts that look like it', () => {
    expect(reduced({ kind: 'float', bits: 64 }, -0, { specials: ['negative zero'] })).toBe(-0);
    expect(reduced({ kind: 'text', length: null }, '-0')).toBe('-0');
  });

  test('cuts texts by letters, never inside of one, and bytes', () => {
    expect(reduced({ kind: 'text', length: 2 }, '😀é!')).toBe('😀é');
    expect(reduced({ kind: 'text', length: null }, 'aé😀', { bytes: 5 })).toBe('aé');
    expect(reduced({ kind: 'text', length: null }, 'a\0b')).toBe('ab');
    expect(reduced({ kind: 'text', length: null }, 'a\0b', { specials: ['U+0000'] })).toBe('a\0b');
    expect(reduced({ kind: 'bytes', length: 1 }, new Uint8Array([1, 2]))).toEqual(new Uint8Array([1]));
  });

  test('cuts fractions of a second, and the time of day', () => {
    const moment: LogicalType = { kind: 'timestamp', zone: true };
    expect(reduced(moment, '2026-02-28 10:00:00.129999+00', { fraction: 2 })).toBe(
      '2026-02-28 10:00:00.12+00',
    );
    expect(reduced(moment, '2026-02-28 10:00:00.5+00', { fraction: 0 })).toBe('2026-02-28 10:00:00+00');
    expect(reduced({ kind: 'date' }, '2026-02-28 10:00:00')).toBe('2026-02-28');
  });

  test('has NULL for NaN and the infinities where it holds none and may', () => {
    expect(reduced(decimal(10, 2), 'NaN')).toBeNull();
    expect(reduced({ kind: 'date' }, '-infinity')).toBeNull();
    expect(reduced({ kind: 'float', bits: 64 }, Infinity)).toBeNull();
    expect(reduced({ kind: 'float', bits: 64 }, Infinity, { specials: ['infinity'] })).toBe(Infinity);
    expect(reduced({ kind: 'float', bits: 64 }, Number.NaN, {}, false)).toBeNaN();
  });

  test('keeps a text that looks like no number in a column for texts', () => {
    expect(reduced({ kind: 'text', length: 10 }, 'NaN')).toBe('NaN');
    expect(reduced({ kind: 'text', length: null }, '-Infinity')).toBe('-Infinity');
    expect(reduced({ kind: 'dynamic', affinity: 'text' }, 'NaN')).toBe('NaN');
  });

  test.each(['', ' ', '0x10', '1_000', 'Infinite'])('makes no number of the text %j', (text) => {
    expect(reduced({ kind: 'float', bits: 64 }, text)).toBe(text);
    expect(reduced({ kind: 'dynamic', affinity: 'real' }, text)).toBe(text);
  });

  test('leaves a number that would become infinite', () => {
    expect(reduced({ kind: 'float', bits: 32 }, 1e39)).toBe(1e39);
    expect(reduced({ kind: 'float', bits: 64 }, '-1e400')).toBe('-1e400');
    expect(reduced({ kind: 'float', bits: 64 }, 10n ** 400n)).toBe(10n ** 400n);
  });

  test('leaves what stands for bytes that are no text', () => {
    expect(reduced({ kind: 'text', length: 2 }, 'abc\ud800')).toBe('abc\ud800');
  });

  test('drops nothing but a time of day of a date', () => {
    const date: LogicalType = { kind: 'date' };
    expect(reduced(date, '2026-02-28T10:00:00.25+00')).toBe('2026-02-28');
    expect(reduced(date, '2026-02-28 10:00:00-03:30')).toBe('2026-02-28');
    expect(reduced(date, '0044-03-15 10:00:00 BC')).toBe('0044-03-15 BC');
    expect(reduced(date, '2026-02-28 or later')).toBe('2026-02-28 or later');
    expect(reduced(date, '2026-02-28 25:00:00')).toBe('2026-02-28 25:00:00');
  });

  test('takes what is nearest where SQLite stores numbers', () => {
    expect(reduced({ kind: 'dynamic', affinity: 'real' }, '0.1000000000000000000001')).toBe(0.1);
    expect(reduced({ kind: 'dynamic', affinity: 'integer' }, '2.5')).toBe(3n);
    expect(reduced({ kind: 'dynamic', affinity: 'integer' }, '9223372036854775808')).toBe(
      '9223372036854775808',
    );
    expect(reduced({ kind: 'dynamic', affinity: 'blob' }, '2.5')).toBe('2.5');
  });
});
