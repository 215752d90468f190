/** What adapters store of checkpoints, dead letters and consumers as text, read back; a later version may have written it. */
import { CdcError } from '../errors';
import type { TableState } from './checkpoint';
import type { RowFailureCode, SetAside } from './dead-letter';
import type { RepairKey } from './repair';

/** Throws INTERNAL for what this version does not know, as the others here. */
export function tableStateOf(text: string): TableState {
  return oneOf(text, ['snapshotting', 'replicating', 'parked'], 'table checkpoint');
}

/** The names of a table checkpoint's `columns`, which are kept as JSON; null stands for all. */
export function columnNamesOf(json: string | null): readonly string[] | null {
  if (json === null) return null;
  const parsed: unknown = JSON.parse(json);
  if (!Array.isArray(parsed)) throw unreadable('table checkpoint');
  return parsed.map((name: unknown) => {
    if (typeof name !== 'string') throw unreadable('table checkpoint');
    return name;
  });
}

export function letterOpOf(text: string): SetAside['op'] {
  return oneOf(text, ['upsert', 'delete'], 'dead letter');
}

export function letterCodeOf(text: string): RowFailureCode {
  return oneOf(text, ['CONSTRAINT_FAILED', 'TYPE_MISMATCH'], 'dead letter');
}

/** A key to repair; `code` and `column` are null unless the target refused its row. */
export function repairKeyOf(
  stored: Omit<RepairKey, 'refused'> & { readonly code: string | null; readonly column: string | null },
): RepairKey {
  const { id, table, key, code, column } = stored;
  return { id, table, key, refused: code === null ? null : { code: letterCodeOf(code), column } };
}

/** For a column of ours that must not be NULL. */
export function presentText(
  text: string | null | undefined,
  what: 'table checkpoint' | 'dead letter' | 'key to repair',
): string {
  if (text === null || text === undefined) throw unreadable(what);
  return text;
}

function oneOf<T extends string>(text: string, known: readonly T[], what: string): T {
  const found = known.find((name) => name === text);
  if (found === undefined) throw unreadable(what);
  return found;
}

function unreadable(what: string): CdcError {
  return new CdcError('INTERNAL', `A ${what} holds what this version does not know`);
}
