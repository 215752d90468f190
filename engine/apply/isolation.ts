/**
 * Isolation: a table that fails for good is parked at its own position, with the tables that reference it, and the
 * rest go on. What it missed meanwhile stays in its change table: purging stays below the least position.
 */
import { isCdcError } from '../errors';
import type { CdcError, ErrorCode } from '../errors';
import { displayName } from '../model';
import type { Position, TableCheckpoint, TableSchema } from '../model';

/** What is the matter with one table and stays so until somebody mends it. */
const OF_A_TABLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'CONSTRAINT_FAILED',
  'TYPE_MISMATCH',
  'TARGET_TABLE_MISMATCH',
  'SOURCE_SCHEMA_CHANGED',
  'CAPTURE_MISSING',
  'POSITION_PURGED',
  'DEAD_LETTER_LIMIT',
]);

/** After these the log can't be followed any more: the table's rows have to be copied again. */
const COPY_AGAIN: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'SOURCE_SCHEMA_CHANGED',
  'CAPTURE_MISSING',
  'POSITION_PURGED',
]);

/** A failure that is one table's own, named by its source. */
export type TableFailure = CdcError & { readonly table: string };

export function isTableFailure(error: unknown): error is TableFailure {
  return isCdcError(error) && error.table !== null && !error.retryable && OF_A_TABLE.has(error.code);
}

/** A failure to read keys of a table again that each of them alone may not meet. */
export function isKeysFailure(error: unknown, table: string): boolean {
  return isCdcError(error, 'CHUNK_TOO_LARGE') || (isTableFailure(error) && error.table === table);
}

/** The tables that go with the pipeline. */
export function movingTables(tables: readonly TableCheckpoint[]): readonly TableCheckpoint[] {
  return tables.filter((table) => table.state !== 'parked' && table.position === null);
}

/** Tables that were parked and catch up alone, those of one position together. */
export interface Stragglers {
  readonly position: Position;
  readonly tables: readonly TableCheckpoint[];
}

export function stragglersOf(tables: readonly TableCheckpoint[]): readonly Stragglers[] {
  const groups = new Map<Position, TableCheckpoint[]>();
  for (const table of tables) {
    if (table.state === 'parked' || table.position === null) continue;
    groups.set(table.position, [...(groups.get(table.position) ?? []), table]);
  }
  return [...groups].map(([position, grouped]) => ({ position, tables: grouped }));
}

/** What a parked table is told to be parked for. */
export interface Cause {
  readonly code: ErrorCode;
  readonly message: string;
}

/** A table's row once it is parked; one that is parked already keeps its first cause. `common`: the pipeline's position. */
export function parked(table: TableCheckpoint, cause: Cause, common: Position): TableCheckpoint {
  if (table.state === 'parked') return table;
  return {
    ...table,
    state: 'parked',
    position: table.position ?? common,
    cause: textOf(cause),
    // A copy that was cut short begins anew.
    replace: table.replace || table.state === 'snapshotting' || COPY_AGAIN.has(cause.code),
    cursor: null,
  };
}

/** A parked table's row once it may go on: from where it stood, or by a new copy. */
export function released(table: TableCheckpoint): TableCheckpoint {
  return table.replace
    ? { ...table, state: 'snapshotting', position: null, cause: null, cursor: null }
    : { ...table, state: 'replicating', cause: null };
}

/** True for a table that stands aside only because the one that it references does. */
export function isParkedWith(table: TableCheckpoint, parent: string): boolean {
  return table.state === 'parked' && table.cause === textOf(causeOf(parent));
}

/** As the checkpoint keeps it. */
function textOf({ code, message }: Cause): string {
  return `${code}: ${message}`;
}

function causeOf(parent: string): Cause {
  return { code: 'PARENT_PARKED', message: `Table ${parent}, which it references, is parked` };
}

/**
 * The rows of all tables after failures. Tables of which the target demands that their rows reference one that is
 * parked are parked with it, at all depths.
 */
export function parkTables(
  tables: readonly TableCheckpoint[],
  failures: readonly TableFailure[],
  common: Position,
  targets: readonly TableSchema[],
): readonly TableCheckpoint[] {
  const causes = new Map<string, Cause>(failures.map((failure) => [failure.table, failure]));
  const bySource = new Map(tables.map((table) => [table.source, table]));
  const queue = failures.map((failure) => failure.table);
  for (let parent = queue.shift(); parent !== undefined; parent = queue.shift()) {
    const target = bySource.get(parent)?.targetTable;
    if (target === undefined) continue;
    const root = causes.get(parent);
    const named = root?.code === 'PARENT_PARKED' ? root : causeOf(parent);
    for (const child of childrenOf(displayName(target), tables, targets)) {
      if (causes.has(child)) continue;
      causes.set(child, named);
      queue.push(child);
    }
  }
  return tables.map((table) => {
    const cause = causes.get(table.source);
    return cause === undefined ? table : parked(table, cause, common);
  });
}

/** Source names of the tables whose target references this target table. */
function childrenOf(
  parent: string,
  tables: readonly TableCheckpoint[],
  targets: readonly TableSchema[],
): readonly string[] {
  const referencing = new Set(
    targets
      .filter((target) => target.foreignKeys.some((key) => displayName(key.references) === parent))
      .map((target) => displayName(target.name)),
  );
  return tables
    .filter(({ targetTable }) => referencing.has(displayName(targetTable)))
    .map(({ source }) => source);
}
