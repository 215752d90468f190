/**
 * Merges a staged chunk into the target's tables by set statements: deletes children first, upserts parents first,
 * then the snapshot range. Runs inside a target transaction.
 */
import { CdcError } from '../../../errors';
import { keepsOrder, type TableRoute, type Value } from '../../../model';
import { bindCursorValue, type CursorValue } from '../rows/cursor';
import { isConstraintFailure, toDatabaseError } from '../database/errors';
import { quote, quoteAll, rowValue } from '../database/identifiers';
import type { Session } from '../database/session';
import {
  KIND,
  stagedChunk,
  stagedColumn,
  stagedColumns,
  stagedKey,
  type StagedRange,
  type StagedRoute,
} from './staging';
import { targetShape, type TargetShape } from './shape';
import { finishSweep, startSweep, trackKeys } from './sweep';

export interface MergeRequest {
  readonly token: number;
  /** Changes remained in the window after this chunk. */
  readonly more: boolean;
  /** Display names of source tables whose target may hold rows that the source does not have. */
  readonly stale: readonly string[];
}

/** Throws CONSTRAINT_FAILED, TYPE_MISMATCH or TARGET_TABLE_MISMATCH with the table. */
export function mergeChunk(session: Session, request: MergeRequest): void {
  const staged = stagedChunk(session, request.token);
  if (staged === undefined) throw new CdcError('INTERNAL', 'A chunk to merge is not staged here');
  for (const entry of [...staged].reverse()) {
    onTable(session, entry, () => deleteStaged(session, entry));
  }
  for (const entry of staged) {
    onTable(session, entry, () => upsertStaged(session, entry, request));
  }
  for (const entry of staged) {
    onTable(session, entry, () => equalizeRange(session, entry, request));
  }
}

/** Names the table in what goes wrong. */
function onTable(session: Session, { route }: StagedRoute, work: () => void): void {
  try {
    work();
  } catch (error) {
    throw toDatabaseError(error, session.file.name, route.id);
  }
}

function deleteStaged(session: Session, { route, changes }: StagedRoute): void {
  if (changes?.deletes !== true) return;
  session.run(deleteSql(route, targetShape(session, route), `${changes.table} WHERE kind = ${KIND.delete}`));
}

function upsertStaged(session: Session, { route, changes }: StagedRoute, request: MergeRequest): void {
  if (changes?.upserts !== true) return;
  const shape = targetShape(session, route);
  writeSet(session, route, shape, changes.table, mayClear(route, shape, request));
  if (request.stale.includes(route.id)) trackKeys(session, route, shape, changes.table);
}

function equalizeRange(session: Session, { route, range }: StagedRoute, request: MergeRequest): void {
  if (range === null) return;
  const shape = targetShape(session, route);
  const isWhole = range.after === null && range.upTo === null;
  const sweeps = range.replace && !isWhole && !keepsOrder(route);
  if (range.replace && !sweeps) deleteMissing(session, route, shape, range);
  if (sweeps && range.after === null) startSweep(session, route);
  const clears = range.replace ? shape.alikeUnique : mayClear(route, shape, request);
  writeSet(session, route, shape, range.table, clears);
  if (!sweeps) return;
  trackKeys(session, route, shape, range.table);
  if (range.upTo === null) finishSweep(session, route, shape);
}

/**
 * Whether a target row outside of the set may be deleted when it stands in the way of a unique index, because it is
 * known to be outdated: it will be written again, or it is none of the source's.
 *
 * That is so while a table is copied over old rows; and inside of a window, since a row that was re-read is newer
 * than the chunk: whoever had its unique value has lost it by a change that a later chunk of the window applies. All of
 * it only where the source enforces the same: else two rows that both stand in the source can be in each other's way.
 */
function mayClear(
  { id, source }: TableRoute,
  { alikeUnique }: TargetShape,
  { more, stale }: MergeRequest,
): boolean {
  return alikeUnique && (stale.includes(id) || (more && (source.reread || source.uniqueIndexes.length > 0)));
}

/** Upserts a staged set; a unique value may move from row to row within it. */
function writeSet(
  session: Session,
  route: TableRoute,
  shape: TargetShape,
  table: string,
  mayClearOthers: boolean,
): void {
  const upserts = `${table} WHERE kind = ${KIND.upsert}`;
  if (!shape.furtherUnique) {
    session.run(upsertSql(route, shape, upserts));
    return;
  }
  const attempts = [
    () => void session.run(upsertSql(route, shape, upserts)),
    () => {
      session.run(deleteSql(route, shape, upserts));
      session.run(insertSql(route, shape, upserts));
    },
  ];
  for (const attempt of attempts) {
    try {
      inSavepoint(session, attempt);
      return;
    } catch (error) {
      if (!isConstraintFailure(error) || !session.db.inTransaction) throw error;
    }
  }
  if (mayClearOthers) replaceSet(session, route, shape, upserts);
  else writeRows(session, route, shape, table);
}

/** Undoes `work` alone when it fails. */
function inSavepoint(session: Session, work: () => void): void {
  session.run('SAVEPOINT _cdc_set');
  try {
    work();
  } catch (error) {
    // RAISE(ROLLBACK) in a trigger of the target's owner ends the whole transaction.
    if (session.db.inTransaction) {
      session.run('ROLLBACK TO _cdc_set');
      session.run('RELEASE _cdc_set');
    }
    throw error;
  }
  session.run('RELEASE _cdc_set');
}

/** The last resort where victims are known to be outdated: whatever stands in the way is deleted. */
function replaceSet(session: Session, route: TableRoute, shape: TargetShape, upserts: string): void {
  refuseNullsForDefaults(session, route, shape, upserts);
  session.run(deleteSql(route, shape, upserts));
  session.run(insertSql(route, shape, `${upserts} ORDER BY ord`, 'INSERT OR REPLACE'));
}

/** REPLACE would put the column's default in the place of NULL: a silent change. */
function refuseNullsForDefaults(
  session: Session,
  route: TableRoute,
  shape: TargetShape,
  upserts: string,
): void {
  const nulls = shape.defaulted.map((column) => `${stagedColumn(route, column)} IS NULL`);
  if (nulls.length === 0) return;
  if (session.get(`SELECT 1 FROM ${upserts} AND (${nulls.join(' OR ')}) LIMIT 1`) === undefined) return;
  throw new CdcError(
    'CONSTRAINT_FAILED',
    `${session.file.name} (table ${route.id}) refused a row by a constraint`,
    {
      table: route.id,
    },
  );
}

/** Row by row in source order: finds out that a row cannot be applied, whatever the order of the set. */
function writeRows(session: Session, route: TableRoute, shape: TargetShape, table: string): void {
  const upserts = `${table} WHERE kind = ${KIND.upsert}`;
  const one = upsertSql(route, shape, `${upserts} AND rowid = ?`);
  for (const [rowid = null] of session.all(`SELECT rowid FROM ${upserts} ORDER BY ord`))
    session.run(one, rowid);
}

/** Deletes the target's rows of the range that the source does not have. */
function deleteMissing(session: Session, route: TableRoute, shape: TargetShape, range: StagedRange): void {
  const key = rowValue(route.key.map(quote));
  const conditions = [`${key} NOT IN (SELECT ${stagedKey(route).join(', ')} FROM ${range.table})`];
  const bound: Value[] = [];
  const compare = (operator: string, values: readonly CursorValue[] | null): void => {
    if (values === null) return;
    const parts = values.map(bindCursorValue);
    conditions.push(`${key} ${operator} ${rowValue(parts.map((part) => part.sql))}`);
    bound.push(...parts.map((part) => part.bound));
  };
  compare('>', range.after);
  compare('<=', range.upTo);
  session.run(`DELETE FROM ${shape.table} WHERE ${conditions.join(' AND ')}`, ...bound);
}

function deleteSql(route: TableRoute, shape: TargetShape, staged: string): string {
  return `DELETE FROM ${shape.table}
WHERE ${rowValue(route.key.map(quote))} IN (SELECT ${stagedKey(route).join(', ')} FROM ${staged})`;
}

function insertSql(route: TableRoute, shape: TargetShape, staged: string, insert = 'INSERT'): string {
  return `${insert} INTO ${shape.table} (${quoteAll(route.columns)})
SELECT ${stagedColumns(route)} FROM ${staged}`;
}

function upsertSql(route: TableRoute, shape: TargetShape, staged: string): string {
  const written = route.columns.filter(
    (column) => !route.key.includes(column) || shape.respelled.includes(column),
  );
  const assignments = written.map((column) => `${quote(column)} = excluded.${quote(column)}`).join(', ');
  const action = assignments === '' ? 'NOTHING' : `UPDATE SET ${assignments}`;
  return `${insertSql(route, shape, staged)}
ON CONFLICT (${shape.conflictTarget}) DO ${action}`;
}
