/** What is kept of a refused row: a text that comes back as the very same values. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Value } from '../../engine';
import { decodeRow, encodeRow, rowOf } from '../../engine/apply';
import { rejection } from '../support/pipelines';

const value: fc.Arbitrary<Value> = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
  fc.integer().map(BigInt),
  fc.double(),
  fc.constantFrom(-0, Number.NaN, Number.POSITIVE_INFINITY, '', '{"int":"1"}', '\ud800', '\0'),
  fc.string({ unit: 'binary' }),
  fc.uint8Array().map((bytes) => new Uint8Array(bytes)),
);

const columns = fc.uniqueArray(fc.oneof(fc.string(), fc.constantFrom('__proto__', '1', 'constructor')), {
  minLength: 1,
  maxLength: 5,
});

describe('the text of a row', () => {
  test('comes back as the same values of the same types, whatever its columns are called', () => {
    fc.assert(
      fc.property(columns, fc.array(value, { minLength: 5, maxLength: 5 }), (names, values) => {
        const row = decodeRow(encodeRow(rowOf(names, values)));
        expect(Object.keys(row).sort()).toEqual([...names].sort());
        for (const [index, name] of names.entries()) {
          const [one, other] = [values[index] ?? null, row[name] ?? null];
          expect(one instanceof Uint8Array ? Buffer.from(one) : one).toStrictEqual(
            other instanceof Uint8Array ? Buffer.from(other) : other,
          );
        }
      }),
    );
  });

  test('reads like JSON where JSON has a word for it', () => {
    const row = rowOf(
      ['id', 'note', 'paid', 'price', 'photo', 'big', 'none'],
      [7n, 'it\'s "new"', true, 1, new Uint8Array([0, 255]), 2n ** 60n, null],
    );
    expect(encodeRow(row)).toBe(
      '{"id":7,"note":"it\'s \\"new\\"","paid":true,"price":{"real":"1"},"photo":{"bytes":"00ff"},' +
        '"big":{"int":"1152921504606846976"},"none":null}',
    );
  });

  test('of a later version is said to be unknown', async () => {
    for (const text of ['[]', '{"a":{"date":"x"}}', '{"a":{"int":"1","real":"1"}}', '{"a":[1]}']) {
      await rejection(
        Promise.resolve().then(() => decodeRow(text)),
        'INTERNAL',
      );
    }
  });
});
