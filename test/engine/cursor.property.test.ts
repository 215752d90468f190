import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { asCursor, decodeCursor, encodeCursor, type CursorValue } from '../../engine';

const bytes = fc.uint8Array({ maxLength: 20 }).map((array) => Buffer.from(array));
const value: fc.Arbitrary<CursorValue> = fc.oneof(
  fc.constant(null),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.double({ noNaN: true }),
  fc.string({ unit: 'binary' }),
  bytes,
  bytes.map((rawText) => ({ rawText })),
);

describe('a cursor', () => {
  test('keeps storage class and every bit of any key', () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 4 }), (key) => {
        expect(decodeCursor(encodeCursor(key), key.length)).toEqual(key);
      }),
    );
  });

  test.each(['', 'null', '{}', '[1]', '[["i","x"]]', '[["z","1"]]', '[["i"]]', '[["i","1"],["i","2"]]'])(
    'that reads %s was not written by this adapter',
    (text) => {
      expect(() => decodeCursor(asCursor(text), 1)).toThrow(
        expect.objectContaining({ code: 'POSITION_INVALID' }),
      );
    },
  );
});
