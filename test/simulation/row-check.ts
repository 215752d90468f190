/** Compares the rows of a target table with what the source's history says they must be. */
import type { TableCheckpoint, Tuple } from '../../engine';
import type { ParsedPosition } from './positions';
import { valueOf } from './schema';
import type { SourceDatabase, Version } from './source-database';

/**
 * Null when `rows` are what a reader at `position` must have; else what differs. A table whose snapshot goes on is
 * compared as far as the snapshot has come. A table that is read again may be ahead of its position, never behind.
 * `aside`: dead letters of the table by key: such a row is what its letter says, and the target has another.
 */
export function compareTable(
  source: SourceDatabase,
  table: Pick<TableCheckpoint, 'source' | 'state' | 'cursor' | 'replace'>,
  position: ParsedPosition,
  rows: ReadonlyMap<number, Tuple>,
  mayBeAhead: boolean,
  aside: ReadonlyMap<number, Tuple> = new Map(),
): string | null {
  // A parked table that must be copied again promises nothing until then.
  const whole = table.state === 'replicating' || (table.state === 'parked' && !table.replace);
  const upTo = whole ? Infinity : table.cursor === null ? -Infinity : Number(table.cursor);
  if (upTo === -Infinity) return null;
  const expected = source.expected(table.source, position);
  for (const key of rows.keys()) {
    if (key > upTo || expected.has(key) || aside.has(key)) continue;
    if (!(mayBeAhead && isLater(source, table.source, key, undefined, rows.get(key) ?? null))) {
      return `has a row ${String(key)} that was never there`;
    }
  }
  for (const [key, version] of expected) {
    if (key > upTo) continue;
    const row = rows.get(key) ?? null;
    if (aside.has(key)) continue;
    if (sameRow(row, version.row)) continue;
    if (mayBeAhead && isLater(source, table.source, key, version, row)) continue;
    return `row ${String(key)} is ${describe(row)} instead of ${describe(version.row)}`;
  }
  if (mayBeAhead) return null;
  for (const [key, kept] of aside) {
    if (key > upTo) continue;
    const wanted = expected.get(key)?.row ?? null;
    if (!sameRow(kept, wanted)) return `has a letter of ${describe(kept)} instead of ${describe(wanted)}`;
    if (sameRow(rows.get(key) ?? null, wanted)) return `has a letter of ${describe(kept)}, which is applied`;
  }
  return null;
}

/** True when a committed version after `than` looks like `row`. */
function isLater(
  source: SourceDatabase,
  table: string,
  key: number,
  than: Version | undefined,
  row: Tuple | null,
): boolean {
  const chain = source.state.chains.get(table)?.get(key) ?? [];
  return chain.some((version) => version.order > (than?.order ?? 0) && sameRow(version.row, row));
}

function sameRow(a: Tuple | null, b: Tuple | null): boolean {
  return a === null || b === null ? a === b : a.every((value, column) => value === b[column]);
}

function describe(row: Tuple | null): string {
  return row === null ? 'absent' : `write ${String(valueOf(row))}`;
}
