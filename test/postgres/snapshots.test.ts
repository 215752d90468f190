/** Sets of transactions as MVCC snapshots tell them, against the sets themselves. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  formatSnapshot,
  includes,
  parseSnapshot,
  seenByAll,
  seenByEither,
  seenUpTo,
  sees,
  type Snapshot,
} from '../../engine/adapters/postgres/capture/position';

const XIDS = Array.from({ length: 14 }, (_, xid) => BigInt(xid));

const snapshotArbitrary: fc.Arbitrary<Snapshot> = fc
  .tuple(fc.nat(12), fc.uniqueArray(fc.nat(11), { maxLength: 6 }))
  .map(([xmax, running]) => {
    const open = running.filter((xid) => xid < xmax).sort((one, other) => one - other);
    return parseSnapshot(`${open[0] ?? xmax}:${xmax}:${open.join(',')}`);
  });

function seenBy(snapshot: Snapshot): readonly bigint[] {
  return XIDS.filter((xid) => sees(snapshot, xid));
}

test('snapshots are cut, joined and compared like the sets of transactions that they see', () => {
  fc.assert(
    fc.property(snapshotArbitrary, snapshotArbitrary, fc.nat(13), (one, other, upTo) => {
      const [here, there] = [seenBy(one), seenBy(other)];
      expect(seenBy(seenByAll([one, other]))).toEqual(here.filter((xid) => there.includes(xid)));
      expect(seenBy(seenByEither(one, other))).toEqual(
        XIDS.filter((xid) => here.includes(xid) || there.includes(xid)),
      );
      expect(seenBy(seenUpTo(one, BigInt(upTo)))).toEqual(here.filter((xid) => xid <= BigInt(upTo)));
      expect(includes(one, other)).toBe(there.every((xid) => here.includes(xid)));
      expect(parseSnapshot(formatSnapshot(one))).toEqual(one);
    }),
    { numRuns: 2_000 },
  );
});
