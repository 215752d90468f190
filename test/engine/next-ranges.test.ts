import { expect, test } from '@jest/globals';
import { tablesToAsk } from '../../engine/apply/next-ranges';

function read(...finished: readonly boolean[]) {
  return { snapshot: finished.map((ended) => ({ table: 't', rows: 5, cursor: null, finished: ended })) };
}

test('a chunk asks for about as many tables as are copied at once', () => {
  expect(tablesToAsk(null, 4)).toBe(8);
  expect(tablesToAsk(read(true, true, false), 4)).toBe(8);
  expect(tablesToAsk(read(), 1)).toBe(2);
  expect(tablesToAsk(null, 64)).toBe(64);
});

test('a chunk asks for many tables where the last one had room for all of its own', () => {
  expect(tablesToAsk(read(true, true, true), 1)).toBe(64);
});
