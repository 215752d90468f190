/**
 * The first look of a comparison where the key has another order on each side, so that a range of the source is none of
 * the target. Both tables are read as a whole, once for each part of them: the rows whose keys have hashes between two
 * bounds. Of the source's rows of a part the keys and digests wait in memory for the target's; a part is as large as
 * memory allows, which shows when it is read.
 */
import { createHash } from 'node:crypto';
import { bytesOf, sizeOf } from '../model';
import type { ScanResult, TableRoute, Tuple } from '../model';
import { keyIn, rangesOf, sourceTable, targetTable } from './compare-ranges';
import type { Compared, Sides, Suspect } from './compare-ranges';
import type { Likeness, Side } from './likeness';

/** About how much memory the rows of a part may take. */
const PART_BYTES = 64 * 1024 * 1024;

/** What a row takes besides its key. */
const ROW_BYTES = 200;

/** Hashes are below it. */
const ALL_HASHES = 2 ** 32;

/** `partBytes`: for tests. */
export async function* compareInParts(
  sides: Sides,
  route: TableRoute,
  partBytes = PART_BYTES,
): AsyncGenerator<Compared> {
  const { source } = sides;
  const likeness = sides.likenessOf(route);
  let width = ALL_HASHES;
  for (let from = 0; from < ALL_HASHES;) {
    const part = createPart(likeness, route, { from, to: Math.min(ALL_HASHES, from + width) }, partBytes);
    for await (const { rows, limit } of rangesOf(source, sourceTable(route))) {
      for (const entry of rows) part.add(entry);
      yield { sourceRows: 0, targetRows: 0, suspects: [], fitting: limit };
    }
    // The next one is likely to be as large.
    const { to, bytes } = part.size();
    width = (to - from) * (2 * bytes < partBytes ? 2 : 1);
    yield* compareWithTarget(sides, route, part);
    from = to;
  }
}

/** Streams the target's rows past those of the source. */
async function* compareWithTarget(
  { target, likenessOf }: Sides,
  route: TableRoute,
  part: Part,
): AsyncGenerator<Compared> {
  const likeness = likenessOf(route);
  let sourceRows = part.size().rows;
  let fitting = 1;
  for await (const { rows, limit } of rangesOf(target, targetTable(route))) {
    fitting = limit;
    const suspects: Suspect[] = [];
    let targetRows = 0;
    for (const entry of rows) {
      const identity = likeness.identity('target', entry);
      if (!part.holds(identity)) continue;
      targetRows += 1;
      const expected = part.take(identity);
      if (expected?.digest === digestOf(likeness, 'target', entry.row)) continue;
      const targetKey = keyIn(route, entry.row);
      const kind = expected === undefined ? 'extra' : 'different';
      suspects.push({ kind, key: expected?.key ?? targetKey, targetKey });
    }
    yield { sourceRows, targetRows, suspects, fitting };
    sourceRows = 0;
  }
  const missing = part.left().map(({ key }): Suspect => ({ kind: 'missing', key, targetKey: key }));
  yield { sourceRows, targetRows: 0, suspects: missing, fitting };
}

/** A row of the source. */
interface Waiting {
  readonly key: Tuple;
  readonly digest: string;
  readonly bytes: number;
}

/** Rows of the source whose keys have hashes from one number on up to another. */
interface Part {
  /** Keeps a row that belongs to it. Where that is too much, its upper half is left for later. */
  add(entry: ScanResult['rows'][number]): void;
  holds(identity: string): boolean;
  /** Forgets the row of this key; undefined where there is none. */
  take(identity: string): Waiting | undefined;
  size(): { readonly to: number; readonly rows: number; readonly bytes: number };
  /** The rows that were not taken. */
  left(): readonly Waiting[];
}

/** From one hash on up to another, which does not belong to it. */
interface Hashes {
  readonly from: number;
  readonly to: number;
}

function createPart(likeness: Likeness, route: TableRoute, most: Hashes, mostBytes: number): Part {
  const { from } = most;
  const kept = new Map<string, Waiting>();
  let { to } = most;
  let bytes = 0;
  const holds = (identity: string): boolean => {
    const hash = hashOf(identity);
    return hash >= from && hash < to;
  };
  const take = (identity: string): Waiting | undefined => {
    const row = kept.get(identity);
    bytes -= row?.bytes ?? 0;
    kept.delete(identity);
    return row;
  };
  return {
    add(entry) {
      const identity = likeness.identity('source', entry);
      if (!holds(identity)) return;
      take(identity);
      const key = keyIn(route, entry.row);
      const size = ROW_BYTES + sizeOf(identity) + bytesOf(key);
      kept.set(identity, { key, digest: digestOf(likeness, 'source', entry.row), bytes: size });
      bytes += size;
      while (bytes > mostBytes && kept.size > 1 && to - from > 1) {
        to = from + Math.ceil((to - from) / 2);
        for (const known of kept.keys()) if (!holds(known)) take(known);
      }
    },
    holds,
    take,
    size: () => ({ to, rows: kept.size, bytes }),
    left: () => [...kept.values()],
  };
}

function digestOf(likeness: Likeness, side: Side, row: Tuple): string {
  return createHash('sha256').update(likeness.rowText(side, row)).digest('base64');
}

/** FNV-1a, mixed as MurmurHash3 does it in the end, so that keys that are alike spread evenly. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
