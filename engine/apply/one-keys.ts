/**
 * Keys that an attempt reads again by themselves, one at a time, at the end of a window: of dead letters that are to be
 * retried, then those that are to be repaired.
 */
import type { DeadLetterEntry, RepairKey, TableCheckpoint } from '../model';
import { movingTables } from './isolation';
import { REPAIRS_AT_ONCE } from './repairs';

export interface OneKey {
  /** Display name of the source table. */
  readonly table: string;
  /** As text that `decodeRow` reads. */
  readonly key: string;
  /** What it is read for: one of the two. */
  readonly retry: DeadLetterEntry | null;
  readonly repair: RepairKey | null;
}

export interface OneKeys {
  /** Reads further keys where the last ones are done. */
  refill(tables: readonly TableCheckpoint[]): Promise<void>;
  /** The next key of a table that goes with the pipeline; what a copy reads anyway need not be read again. */
  next(tables: readonly TableCheckpoint[]): OneKey | null;
  /** These were read, or are gone. */
  done(key: OneKey | null, letters: readonly string[]): void;
}

type ReadRepairs = (tables: readonly string[], limit: number) => Promise<readonly RepairKey[]>;

/** `retries`: as they were at the claim. */
export function createOneKeys(retries: readonly DeadLetterEntry[], read: ReadRepairs): OneKeys {
  let letters = retries;
  let repairs: readonly RepairKey[] = [];
  let more = true;
  return {
    async refill(tables) {
      if (!more || repairs.length > 0) return;
      const names = replicating(tables);
      repairs = names.length === 0 ? [] : await read(names, REPAIRS_AT_ONCE);
      more = repairs.length === REPAIRS_AT_ONCE;
    },
    next(tables) {
      const names = new Set(replicating(tables));
      const retry = letters.find(({ table }) => names.has(table)) ?? null;
      if (retry !== null) return { table: retry.table, key: retry.key, retry, repair: null };
      const repair = repairs.find(({ table }) => names.has(table)) ?? null;
      return repair === null ? null : { table: repair.table, key: repair.key, retry: null, repair };
    },
    done(key, gone) {
      const ids = new Set(gone);
      letters = letters.filter((letter) => letter.id !== key?.retry?.id && !ids.has(letter.id));
      repairs = repairs.filter((repair) => repair.id !== key?.repair?.id);
    },
  };
}

function replicating(tables: readonly TableCheckpoint[]): readonly string[] {
  return movingTables(tables)
    .filter(({ state }) => state === 'replicating')
    .map(({ source }) => source);
}
