/**
 * What one process remembers between reads: the rows behind each table's digest. Nothing depends on it: a process that
 * remembers nothing reads the same rows and applies some of them again.
 */
import type { Contents } from './contents';
import { sameDigest } from './position';
import type { Digest } from './position';

/** Reading all that may have changed takes at most this part of the time; in between the newest rows are looked at. */
const SHARE = 0.1;
const LEAST_PAUSE_MS = 100;

export interface Memory {
  /** Of a table, if they are those of this digest. */
  contents(table: string, digest: Digest): Contents | null;
  keep(table: string, contents: Contents): void;
  /** Reading the whole of what may have changed began then, and has come to its end. */
  noteWhole(began: number): void;
  /** How long until it is due again, milliseconds. */
  wholeDueIn(): number;
}

export function createMemory(now: () => number): Memory {
  const known = new Map<string, Contents>();
  let last: { readonly ended: number; readonly pause: number } | null = null;
  return {
    contents(table, digest) {
      const contents = known.get(table);
      if (contents?.complete !== true || !sameDigest(contents.digest, digest)) return null;
      return contents;
    },
    keep: (table, contents) => void known.set(table, contents),
    noteWhole(began) {
      const ended = now();
      last = { ended, pause: Math.max(LEAST_PAUSE_MS, (ended - began) * (1 / SHARE - 1)) };
    },
    wholeDueIn() {
      if (last === null) return 0;
      // A clock that was set back must not put it off.
      const passed = Math.abs(now() - last.ended);
      return Math.max(0, last.pause - passed);
    },
  };
}
