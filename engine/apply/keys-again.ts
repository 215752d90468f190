/**
 * Keys that an attempt reads again by themselves at the end of a window: those of dead letters that are to be retried,
 * one at a time, then those that are to be repaired, many of one table at a time.
 */
import type { DeadLetterEntry, RepairKey, TableCheckpoint, Target } from '../model';
import { movingTables } from './isolation';
import type { LetterCounts } from './letters';
import { REPAIRS_AT_ONCE } from './repairs';

/** Keys are written into statements, whose length has limits. */
const KEY_CHARACTERS_AT_ONCE = 100_000;

/** Keys of one table that are read again in one chunk. */
export interface KeysAgain {
  /** Display name of the source table. */
  readonly table: string;
  /** What they are read for: one letter, or some repairs. */
  readonly retry: DeadLetterEntry | null;
  readonly repairs: readonly RepairKey[];
}

export interface WaitingKeys {
  /** Reads further keys where the last ones are done. */
  refill(tables: readonly TableCheckpoint[]): Promise<void>;
  /** The next keys of a table that goes with the pipeline; what a copy reads anyway need not be read again. */
  next(tables: readonly TableCheckpoint[]): KeysAgain | null;
  /** These were read, or are gone. */
  done(keys: KeysAgain | null, letters: readonly string[]): void;
  /** From now on each of these comes alone. False where it does already. */
  separate(keys: KeysAgain): boolean;
}

type ReadRepairs = (tables: readonly string[], limit: number) => Promise<readonly RepairKey[]>;

/** `retries`: as they were at the claim. */
export function createWaitingKeys(retries: readonly DeadLetterEntry[], read: ReadRepairs): WaitingKeys {
  let letters = retries;
  let repairs: readonly RepairKey[] = [];
  let more = true;
  const alone = new Set<string>();
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
      if (retry !== null) return { table: retry.table, retry, repairs: [] };
      const first = repairs.find(({ table }) => names.has(table));
      if (first === undefined) return null;
      const { table } = first;
      if (alone.has(first.id)) return { table, retry: null, repairs: [first] };
      const own = repairs.filter((repair) => repair.table === table && !alone.has(repair.id));
      return { table, retry: null, repairs: fitting(own) };
    },
    done(keys, gone) {
      const ids = new Set(gone);
      const repaired = new Set(keys?.repairs.map(({ id }) => id));
      letters = letters.filter((letter) => letter.id !== keys?.retry?.id && !ids.has(letter.id));
      repairs = repairs.filter(({ id }) => !repaired.has(id));
    },
    separate(keys) {
      if (keys.repairs.length < 2) return false;
      for (const { id } of keys.repairs) alone.add(id);
      return true;
    },
  };
}

/**
 * True when a dead letter is to be retried now, or a key to be repaired: its table goes with the pipeline. `letters`: how
 * many there are, where that is known, so that none are read where there are none.
 */
export async function hasKeysToRead(
  target: Target,
  uuid: string,
  tables: readonly TableCheckpoint[],
  letters: LetterCounts | null = null,
): Promise<boolean> {
  const names = movingTables(tables).map(({ source }) => source);
  if (names.length === 0) return false;
  if ((await target.repairs(uuid, { tables: names, refused: false, limit: 1 })).length > 0) return true;
  if (letters !== null && !names.some((name) => letters.has(name))) return false;
  const marked = (await target.deadLetters(uuid)).filter(({ retry }) => retry);
  return marked.some(({ table }) => names.includes(table));
}

function fitting(repairs: readonly RepairKey[]): readonly RepairKey[] {
  let characters = 0;
  const end = repairs.findIndex(({ key }, index) => {
    characters += key.length;
    return index > 0 && characters > KEY_CHARACTERS_AT_ONCE;
  });
  return end < 0 ? repairs : repairs.slice(0, end);
}

function replicating(tables: readonly TableCheckpoint[]): readonly string[] {
  return movingTables(tables)
    .filter(({ state }) => state === 'replicating')
    .map(({ source }) => source);
}
