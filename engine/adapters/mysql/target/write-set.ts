/** Writes one table's staged rows: as a set, and where the set fails, in ways that may still do. */
import { CdcError, tooManySetAside } from '../../../errors';
import type { SetAside, Tuple } from '../../../model';
import type { Session } from '../database';
import { readersOf, readTuple, selectList } from '../rows/values';
import { runAll, within, writePieces } from './pieces';
import type { RowFailure } from './row-failures';
import { keyLiteral } from './stage-rows';
import type { StagedRow, StagedSet } from './staging';
import { clearSql, deleteSql, insertSql, keyColumns, keyLists, updateSql, upsertSql } from './statements';

export interface WriteOptions {
  /** Rows outside of the set may be deleted where they stand in the way of a unique index. */
  readonly mayClear: boolean;
  /** Rows that can't be written are returned, and the rest is written. */
  readonly setAside: boolean;
  /** Most of them: DEAD_LETTER_LIMIT is thrown beyond it. */
  readonly most: number;
  /** The rows are those of a snapshot range. */
  readonly copied: boolean;
}

/** Throws CONSTRAINT_FAILED or TYPE_MISMATCH with table and, where it can be found out, column. */
export async function writeSet(
  session: Session,
  set: StagedSet,
  rows: readonly StagedRow[],
  options: WriteOptions,
): Promise<readonly SetAside[]> {
  const { route, shape } = set;
  if (rows.length === 0) return [];
  const write = (part: readonly StagedRow[], kept: readonly StagedRow[]): Promise<RowFailure | null> =>
    attempt(session, set, part, options.mayClear ? kept : null);
  const failure = await write(rows, []);
  if (failure === null) return [];
  if (!options.setAside) throw refusal(route.id, failure.code, routeColumn(set, failure));
  const packet = session.maxPacket;
  const lost = await writePieces(
    rows,
    write,
    {
      remove: async (part) => {
        for (const sql of deleteSql(shape, part, packet)) await session.execute(sql);
      },
      insert: (row, kept) =>
        runAll(session, [
          ...(options.mayClear ? clearSql(shape, [row], kept, packet) : []),
          ...insertSql(shape, [row], packet),
        ]),
    },
    session,
    options.most,
  );
  const last = [...lost.values()].at(-1);
  if (last !== undefined && lost.size > options.most) {
    throw tooManySetAside(route.id, options.most, { code: last.code, column: routeColumn(set, last) });
  }
  const aside: SetAside[] = [];
  for (const [{ key, row }, { code, ...about }] of lost) {
    const column = routeColumn(set, about);
    const held = await isHeld(session, set, key);
    aside.push({ table: route.id, key, op: 'upsert', row, code, column, copied: options.copied, held });
  }
  return aside;
}

/**
 * Upserts; where a unique value has moved from row to row, all these rows are deleted first, so that any permutation
 * among them comes out right; where a row that may go holds it, that one is deleted, too. Null when it is done.
 *
 * `kept`: rows that must stay when others are cleared out of the way; null where none may be.
 */
async function attempt(
  session: Session,
  set: StagedSet,
  rows: readonly StagedRow[],
  kept: readonly StagedRow[] | null,
): Promise<RowFailure | null> {
  const { shape } = set;
  const packet = session.maxPacket;
  if (!shape.furtherUnique) return runAll(session, upsertSql(shape, rows, packet));
  let failure = await within(session, () => updateOrInsert(session, set, rows));
  if (failure?.unique !== true) return failure;
  const remove = [...deleteSql(shape, rows, packet)];
  failure = await runAll(session, [...remove, ...insertSql(shape, rows, packet)]);
  if (failure?.unique !== true || kept === null) return failure;
  return runAll(session, [
    ...remove,
    ...clearSql(shape, rows, kept, packet),
    ...insertSql(shape, rows, packet),
  ]);
}

/**
 * ON DUPLICATE KEY fires on any unique index, and would write the row that happens to hold the value. A row whose primary
 * key is there meets that one first, since InnoDB writes the primary key before all others; any other row is inserted,
 * and a value that is taken makes it fail.
 */
async function updateOrInsert(session: Session, set: StagedSet, rows: readonly StagedRow[]): Promise<void> {
  const { shape } = set;
  const packet = session.maxPacket;
  if (!shape.keyFirst) {
    for (const row of rows) {
      const { rows: found } = await session.execute(updateSql(shape, row));
      if (found === 0) for (const sql of insertSql(shape, [row], packet)) await session.execute(sql);
    }
    return;
  }
  const there = await keysThere(session, set, rows);
  const known = rows.filter(({ keySql }) => there.has(keySql));
  const fresh = rows.filter(({ keySql }) => !there.has(keySql));
  for (const sql of upsertSql(shape, known, packet)) await session.execute(sql);
  for (const sql of insertSql(shape, fresh, packet)) await session.execute(sql);
}

/** Which of the rows' keys are there, locked. A key that is spelled in another way is not found, and its row fails. */
async function keysThere(
  session: Session,
  { shape }: StagedSet,
  rows: readonly StagedRow[],
): Promise<ReadonlySet<string>> {
  const { schema } = shape;
  const names = shape.key.map(({ name }) => name);
  const readers = readersOf(schema, names);
  const list = selectList(schema, names, 't');
  const there = new Set<string>();
  for (const keys of keyLists(rows, session.maxPacket)) {
    const found = await session.query(
      `SELECT ${list} FROM ${shape.table} AS t WHERE ${keyColumns(shape, 't.')} IN (${keys}) FOR UPDATE`,
    );
    for (const fields of found) {
      const literal = keyLiteral(shape, readTuple(fields, readers));
      if (literal !== null) there.add(literal);
    }
  }
  return there;
}

/** Whether the target holds a row under a key of the source. A key that can't be converted is no key of the target. */
export async function isHeld(session: Session, { shape }: StagedSet, key: Tuple): Promise<boolean> {
  const literal = keyLiteral(shape, key);
  if (literal === null) return false;
  const found = await session.first(
    `SELECT 1 FROM ${shape.table} WHERE ${keyColumns(shape)} = ${literal} LIMIT 1`,
  );
  return found !== undefined;
}

/** The source's name of the column that the server has named. */
function routeColumn({ route, shape }: StagedSet, { column }: Pick<RowFailure, 'column'>): string | null {
  const place = shape.columns.findIndex(({ name }) => name === column);
  return place < 0 ? null : (route.columns[place] ?? null);
}

export function refusal(table: string, code: SetAside['code'], column: string | null): CdcError {
  const what =
    code === 'TYPE_MISMATCH' ? 'refused a value by the type of its column' : 'refused a row by a constraint';
  const where = column === null ? `table ${table}` : `table ${table}, column ${column}`;
  return new CdcError(code, `The target (${where}) ${what}`, {
    table,
    ...(column === null ? {} : { column }),
  });
}
