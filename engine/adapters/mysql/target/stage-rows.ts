/** Stages net changes: every value as a literal of its column, or its row as one that does not fit. */
import type { RowSet, TableRoute, Tuple } from '../../../model';
import type { Session } from '../database';
import { readDefinition, type TargetShape } from './shape';
import { createShapes, type Shapes } from './shapes';
import type { StagedKey, StagedRow, StagedSet, StagedSets, UnfitRow } from './staging';
import { mostBytes } from './statements';

/** Stages the sets of a chunk. Throws TARGET_TABLE_MISMATCH. */
export async function stageSets(
  session: Session,
  sets: readonly RowSet[],
  shapes: Shapes,
): Promise<readonly StagedSet[]> {
  const staged: StagedSet[] = [];
  for (const set of sets) {
    staged.push(stageSet(set, await shapes.of(session, set.route), session.maxPacket));
  }
  return staged;
}

/** The servers join no more than 61. */
const MOST_JOINED = 60;

/**
 * The sets as their tables are now. A table that was altered since its rows were staged would be written by rules that
 * don't hold any more: with a unique index more, ON DUPLICATE KEY would write the wrong rows. To be called in the
 * transaction that merges them: nobody can alter the tables before its end then.
 */
export async function currentSets(
  session: Session,
  { came, staged }: StagedSets,
): Promise<readonly StagedSet[]> {
  const tables = [...new Map(staged.map(({ shape }) => [shape.table, shape.definition]))];
  for (let start = 0; start < tables.length; start += MOST_JOINED) {
    const some = tables.slice(start, start + MOST_JOINED);
    // Reads nothing, and holds off whoever alters one of them.
    await session.query(
      `SELECT 1 FROM ${some.map(([table], index) => `${table} AS t${index}`).join(', ')} LIMIT 0`,
    );
  }
  for (const [table, definition] of tables) {
    if ((await readDefinition(session, table)) !== definition) {
      return stageSets(session, came, createShapes());
    }
  }
  return staged;
}

/** `maxPacket`: bytes of the largest statement that the server takes. */
function stageSet(
  { route, deletes, upserts, range }: RowSet,
  shape: TargetShape,
  maxPacket: number,
): StagedSet {
  const unfit: UnfitRow[] = [];
  const gone: Tuple[] = [];
  const most = mostBytes(maxPacket);
  const keys: StagedKey[] = [];
  const stage = (rows: readonly Tuple[], copied: boolean): readonly StagedRow[] => {
    const stagedRows: StagedRow[] = [];
    for (const row of rows) {
      const key = keyOf(route, row);
      const keySql = keyLiteral(shape, key);
      if (copied && keySql !== null) keys.push({ key, keySql });
      const values = literals(shape, row, most);
      if (keySql !== null && typeof values !== 'number') {
        stagedRows.push({ key, keySql, row, values });
        continue;
      }
      const column = typeof values === 'number' ? (route.columns[values] ?? null) : null;
      unfit.push({ table: route.id, key, row, op: 'upsert', code: 'TYPE_MISMATCH', column, copied });
    }
    return stagedRows;
  };
  const stagedDeletes = deletes.flatMap((key): StagedKey[] => {
    const keySql = keyLiteral(shape, key);
    if (keySql !== null) return [{ key, keySql }];
    gone.push(key);
    return [];
  });
  const stagedUpserts = stage(upserts, false);
  const rows = range === null ? [] : stage(range.rows, true);
  return {
    route,
    shape,
    deletes: stagedDeletes,
    upserts: stagedUpserts,
    range: range === null ? null : { rows, keys, bounds: range },
    unfit,
    gone,
  };
}

/** The values of the key's columns. */
export function keyOf(route: TableRoute, row: Tuple): Tuple {
  return route.key.map((column) => row[route.columns.indexOf(column)] ?? null);
}

/** Null where no row of the target can have this key. */
export function keyLiteral({ key: columns }: Pick<TargetShape, 'key'>, key: Tuple): string | null {
  const values: string[] = [];
  for (const [index, column] of columns.entries()) {
    const value = key[index] ?? null;
    const literal = column.fit(value);
    if (literal === undefined) return null;
    values.push(literal);
  }
  return columns.length === 1 ? (values[0] ?? null) : `(${values.join(', ')})`;
}

/** The place of the column that does not take its value, or whose value makes the row too large for a statement. */
function literals({ columns }: TargetShape, row: Tuple, most: number): readonly string[] | number {
  const values: string[] = [];
  let bytes = 0;
  let longest = 0;
  for (const [index, column] of columns.entries()) {
    const literal = column.fit(row[index] ?? null);
    if (literal === undefined) return index;
    bytes += literal.length;
    if (literal.length > (values[longest]?.length ?? 0)) longest = index;
    values.push(literal);
  }
  // Letters have more than one byte each: only where they might not fit they are counted.
  const isLarge = 4 * bytes > most && Buffer.byteLength(values.join(', ')) > most;
  return isLarge ? longest : values;
}
