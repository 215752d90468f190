/** Since when a transaction may have been writing. */
import { expect, test } from '@jest/globals';
import { horizonOf, markLook } from '../../engine/capture/keyset/horizon';

const BASE = { formerly: null, detached: false } as const;

test('a transaction whose statement had to wait before it has begun with the statement, as long as it is open', () => {
  const waiting = markLook({ newest: [], at: 1_000, open: [{ ...BASE, id: 'run:7', since: 900 }] }, null);
  const writing = { ...BASE, id: 'x:1', formerly: 'run:7', since: 2_000 };
  const first = markLook({ newest: [], at: 3_000, open: [writing] }, waiting);
  expect(first.open).toEqual({ 'x:1': 900 });
  const second = markLook({ newest: [], at: 4_000, open: [{ ...writing, since: 1_990 }] }, first);
  expect(second.open).toEqual({ 'x:1': 900 });
});

test('what was never seen to wait has begun when the database says', () => {
  const open = [{ ...BASE, id: 'x:1', formerly: 'run:7', since: 2_000 }];
  expect(markLook({ newest: [], at: 3_000, open }, null).open).toEqual({ 'x:1': 2_000 });
  const other = markLook({ newest: [], at: 2_500, open: [{ ...BASE, id: 'run:8', since: 100 }] }, null);
  expect(markLook({ newest: [], at: 3_000, open }, other).open).toEqual({ 'x:1': 2_000 });
});

test('what was open is not forgotten at a look at which the database does not tell', () => {
  const seen = markLook(
    { newest: [], at: 10_000_000, open: [{ id: 'a', since: 1_000, formerly: null, detached: false }] },
    null,
  );
  const blind = markLook({ newest: [], at: 10_001_000, open: null }, seen);
  expect(horizonOf(blind, null)).toBe(1_000);
});
