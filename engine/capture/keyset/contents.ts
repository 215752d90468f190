/** Rows as they were last read: what is read again and has not changed is no change. */
import { createHash } from 'node:crypto';
import type { KeysetRow } from '../../model';
import type { Digest } from './position';

/** As many rows are remembered, about 100 bytes each; of more, those that are read again are applied again. */
const MOST_ROWS = 500_000;

/** 48 bits of a hash are a number that JavaScript adds exactly. */
const BYTES = 6;
const MODULUS = 2 ** (8 * BYTES);

export interface Contents {
  readonly digest: Digest;
  /** True when the row was read just like this. */
  holds(row: KeysetRow): boolean;
  /** Takes the row as it is now. */
  put(row: KeysetRow): void;
  /** False once they were too many: then nothing is held any more but the digest. */
  readonly complete: boolean;
}

export function emptyContents(): Contents {
  const rows = new Map<string, number>();
  let count = 0;
  let sum = 0;
  let complete = true;
  return {
    get digest() {
      return { count, sum };
    },
    get complete() {
      return complete;
    },
    holds: (row) => rows.get(row.identity) === hashOf(row),
    put(row) {
      const hash = hashOf(row);
      const former = rows.get(row.identity);
      if (former === undefined) count += 1;
      sum = (sum + hash - (former ?? 0) + MODULUS) % MODULUS;
      if (complete) rows.set(row.identity, hash);
      if (rows.size <= MOST_ROWS) return;
      complete = false;
      rows.clear();
    },
  };
}

const hashes = new WeakMap<KeysetRow, number>();

function hashOf(row: KeysetRow): number {
  const known = hashes.get(row);
  if (known !== undefined) return known;
  const hash = createHash('sha1').update(textOf(row)).digest().readUIntBE(0, BYTES);
  hashes.set(row, hash);
  return hash;
}

/** Each value with its kind, and texts with their lengths, so that no two rows have the same. */
function textOf({ identity, row, gone }: KeysetRow): string {
  let text = `${gone ? '-' : '+'}${identity.length}:${identity}`;
  for (const value of row) {
    if (value === null) text += '|n';
    else if (typeof value === 'string') text += `|t${value.length}:${value}`;
    else if (typeof value === 'number') text += `|r${Object.is(value, -0) ? '-0' : String(value)}`;
    else if (value instanceof Uint8Array) text += `|b${Buffer.from(value).toString('base64')}`;
    else text += `|${typeof value === 'bigint' ? 'i' : 'l'}${String(value)}`;
  }
  return text;
}
