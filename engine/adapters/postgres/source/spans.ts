/**
 * The one hard query: changes of a window between two MVCC snapshots.
 *
 * What `to` sees and `from` doesn't is what was written by transactions from `from`'s xmax on, and by those that were
 * running at `from`. The first are a range of the index on `xid`, the others few single numbers, asked for by
 * `= ANY` of an array, since any other form makes the planner read the whole index. A transaction can be absent from
 * `from`'s list of running ones and have a number beyond its xmax though it has written already: so no number that
 * grows with the rows (an id, an LSN) may serve as the lower bound of a window.
 */
import { own, quote, type Parameter, type Session, type TextRow } from '../database';
import type { CapturedColumn, Generation } from '../capture/registry';
import type { ChangeMark } from '../capture/position';

/** Changes that `to` sees and `from` doesn't; of these only what comes after `after`, up to and with `upTo`. */
export interface Span {
  readonly from: string;
  readonly to: string;
  readonly after: ChangeMark | null;
  readonly upTo: ChangeMark | null;
  /** Time of the newest change up to `after`, milliseconds since 1970; null where it is not known. */
  readonly readUntil?: number | null;
}

/** One change table of one route. */
export interface Branch {
  /** Index of its route. */
  readonly route: number;
  readonly generation: Generation;
}

/** Transactions that were running at `$1` and that `$2` sees. */
export const LATE = `late AS MATERIALIZED (
  SELECT coalesce(array_agg(x), '{}') AS xids FROM pg_snapshot_xip($1::pg_snapshot) x
  WHERE pg_visible_in_snapshot(x, $2::pg_snapshot))`;

const FROM_NEW = `c.xid >= pg_snapshot_xmax($1::pg_snapshot) AND c.xid < pg_snapshot_xmax($2::pg_snapshot)`;
const FROM_LATE = `c.xid = ANY ((SELECT xids FROM late)::xid8[])`;
const VISIBLE = `pg_visible_in_snapshot(c.xid, $2::pg_snapshot)`;

const IN_WINDOW = `((${FROM_NEW}) OR ${FROM_LATE}) AND ${VISIBLE}`;

/** The same for a part of a large window, found by its LSNs: none of it may tempt the planner to the other index. */
const IN_PART = `c.lsn >= $3::pg_lsn AND c.lsn <= $5::pg_lsn
  AND (c.lsn, c.xid) > ($3::pg_lsn, $4::xid8) AND (c.lsn, c.xid) <= ($5::pg_lsn, $6::xid8)
  AND NOT pg_visible_in_snapshot(c.xid, $1::pg_snapshot) AND pg_visible_in_snapshot(c.xid, $2::pg_snapshot)`;

const AFTER = `AND c.lsn >= $3::pg_lsn AND (c.lsn, c.xid) > ($3::pg_lsn, $4::xid8)`;

const FIRST: ChangeMark = { lsn: '0/0', xid: '0' };

interface Condition {
  readonly sql: string;
  readonly parameters: readonly Parameter[];
}

export function conditionOf({ from, to, after, upTo }: Span): Condition {
  const start = after ?? FIRST;
  if (upTo !== null) {
    return { sql: IN_PART, parameters: [from, to, start.lsn, start.xid, upTo.lsn, upTo.xid] };
  }
  if (after !== null) {
    return { sql: `${IN_WINDOW} ${AFTER}`, parameters: [from, to, after.lsn, after.xid] };
  }
  return { sql: IN_WINDOW, parameters: [from, to] };
}

export function tableOf({ generation }: Branch): string {
  return `${own(generation.changeTable)} c`;
}

/** True when there is any change of these branches in the window. */
export async function probe(session: Session, branches: readonly Branch[], span: Span): Promise<boolean> {
  if (branches.length === 0 || span.from === span.to) return false;
  const { sql, parameters } = conditionOf(span);
  const isPart = span.after !== null || span.upTo !== null;
  const statement = isPart ? lookSql(branches, [sql]) : probeSql(branches, hasRunning(span.from));
  return (await session.query(statement, parameters, { prepared: true })).length > 0;
}

/** Those branches that have changes in the window. */
export async function changedBranches(
  session: Session,
  branches: readonly Branch[],
  span: Span,
): Promise<readonly Branch[]> {
  if (branches.length === 0 || span.from === span.to) return [];
  const { sql, parameters } = conditionOf(span);
  const isPart = span.after !== null || span.upTo !== null;
  const conditions = isPart ? [sql] : lookedFor(hasRunning(span.from));
  const statement = written(branches, `each ${conditions.join(' ')}`, () => eachSql(branches, conditions));
  const rows = await session.query(statement, parameters, { prepared: true });
  return rows.flatMap(([index]) => branches[Number(index)] ?? []);
}

function eachSql(branches: readonly Branch[], conditions: readonly string[]): string {
  const looks = branches.map((branch, index) => {
    const exists = conditions.map(
      (condition) => `EXISTS (SELECT FROM ${tableOf(branch)} WHERE ${condition})`,
    );
    return `SELECT ${index} WHERE ${exists.join(' OR ')}`;
  });
  return `WITH ${LATE} ${looks.join('\nUNION ALL ')}`;
}

/** By their branches and kind: to write a statement for a thousand tables takes longer than to run it over nothing. */
const statements = new WeakMap<readonly Branch[], Map<string, string>>();

function written(branches: readonly Branch[], kind: string, write: () => string): string {
  const known = statements.get(branches) ?? new Map<string, string>();
  statements.set(branches, known);
  const statement = known.get(kind) ?? write();
  known.set(kind, statement);
  return statement;
}

/**
 * Answers true where there is a change between snapshots $1 and $2. `late`: transactions were running at $1. New
 * transactions and late ones are asked for apart: of either the planner, told that one row is enough, would read a
 * whole index where pages are known to be visible.
 */
export function probeSql(branches: readonly Branch[], late: boolean): string {
  return written(branches, `any, late: ${late}`, () => lookSql(branches, lookedFor(late)));
}

function lookedFor(late: boolean): readonly string[] {
  return [`${FROM_NEW} AND ${VISIBLE}`, ...(late ? [`${FROM_LATE} AND ${VISIBLE}`] : [])];
}

function lookSql(branches: readonly Branch[], conditions: readonly string[]): string {
  const looks = conditions.flatMap((condition) =>
    branches.map((branch) => `SELECT true FROM ${tableOf(branch)} WHERE ${condition}`),
  );
  return `WITH ${LATE} ${looks.join('\nUNION ALL ')} LIMIT 1`;
}

/** Whether transactions were running at a snapshot. */
function hasRunning(snapshot: string): boolean {
  return !snapshot.endsWith(':');
}

/** What was logged of a branch in a span. */
export interface Logged {
  readonly branch: Branch;
  readonly changes: number;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  /** Changes that tell no more than a key. */
  readonly touches: number;
  /** Milliseconds since 1970, of statements. */
  readonly oldest: number;
  readonly newest: number;
  /** True when a transaction of the span may have written the table from inside of triggers. */
  readonly nested: boolean;
  /** Statements of which a part is before the span: transactions and times, as arrays in the server's spelling. */
  readonly begun: { readonly xids: string; readonly times: string } | null;
}

/**
 * Counts the changes of each branch, up to `limit` each; null: all. Branches with changes only. What is known of
 * statements is whole where the limit was not reached. `often`: these very branches are asked for again and again.
 */
export async function countChanges(
  session: Session,
  branches: readonly Branch[],
  span: Span,
  limit: number | null,
  often = true,
): Promise<readonly Logged[]> {
  if (branches.length === 0 || span.from === span.to) return [];
  const { parameters } = conditionOf(span);
  const most = limit === null ? '' : `LIMIT $${parameters.length + 1}::int8`;
  const counts = branches.map((branch, index) => countSql(branch, index, span, most));
  const rows = await session.query(
    `WITH ${LATE} SELECT * FROM (${counts.join('\nUNION ALL ')}) counted WHERE changes > 0`,
    [...parameters, ...(limit === null ? [] : [limit])],
    { prepared: often && span.upTo === null && span.after === null },
  );
  return rows.flatMap((row) => loggedOf(branches[Number(row[0])], row));
}

/** The order of the columns is that of `loggedOf`. */
function countSql(branch: Branch, index: number, span: Span, most: string): string {
  const table = tableOf(branch);
  const { sql } = conditionOf(span);
  const { after, readUntil = null } = span;
  // A statement that began before the mark is no younger than the newest one that was read.
  const early =
    readUntil === null ? '' : `FILTER (WHERE changed_at <= to_timestamp(${(readUntil + 1) / 1000}))`;
  const statements = after === null ? '' : `, array_agg(ROW(xid, changed_at)) ${early} AS early`;
  const begun =
    after === null
      ? '(SELECT NULL AS xids, NULL AS times) begun'
      : `LATERAL (SELECT array_agg(s.xid)::text AS xids, array_agg(s.changed_at)::text AS times
  FROM (SELECT DISTINCT * FROM unnest(early) AS e(xid xid8, changed_at timestamptz)) s
  WHERE EXISTS (SELECT FROM ${table} WHERE c.xid = s.xid AND c.changed_at = s.changed_at
    AND (c.lsn, c.xid) <= ($3::pg_lsn, $4::xid8))) begun`;
  return `SELECT ${index}, changes, inserted, updated, deleted, touches,
  ${milliseconds('oldest')}, ${milliseconds('newest')}, EXISTS (${nestedSql(table)}), xids, times
FROM (SELECT count(*) AS changes, count(*) FILTER (WHERE op = 'insert') AS inserted,
    count(*) FILTER (WHERE op = 'update') AS updated, count(*) FILTER (WHERE op IN ('delete', 'truncated')) AS deleted,
    count(*) FILTER (WHERE op = 'touch') AS touches, min(changed_at) AS oldest, max(changed_at) AS newest${statements}
  FROM (SELECT c.op, c.xid, c.changed_at FROM ${table} WHERE ${sql} ${most}) x) y
  CROSS JOIN ${begun}`;
}

function loggedOf(branch: Branch | undefined, row: TextRow): readonly Logged[] {
  if (branch === undefined) return [];
  const [, changes, inserted, updated, deleted, touches, oldest, newest] = row.map(Number);
  const [xids, times] = row.slice(9);
  return [
    {
      branch,
      changes: changes ?? 0,
      inserted: inserted ?? 0,
      updated: updated ?? 0,
      deleted: deleted ?? 0,
      touches: touches ?? 0,
      oldest: oldest ?? 0,
      newest: newest ?? 0,
      nested: row[8] === 't',
      begun: typeof xids === 'string' && typeof times === 'string' ? { xids, times } : null,
    },
  ];
}

/** Transactions of the span that wrote the table from inside of triggers. */
function nestedSql(table: string): string {
  return `SELECT c.xid FROM ${table} WHERE c.depth > 1
    AND c.xid >= pg_snapshot_xmin($1::pg_snapshot) AND c.xid < pg_snapshot_xmax($2::pg_snapshot)`;
}

/** Whole milliseconds since 1970 of an expression. */
export function milliseconds(expression: string): string {
  return `floor(extract(epoch FROM ${expression}) * 1000)::int8`;
}

/** A query for the changes of one branch, `c`, in parts: `WITH … SELECT what is wanted FROM … WHERE …`. */
export interface ChangesQuery {
  readonly from: { readonly before: string; readonly rows: string };
  /**
   * Tells of changes whose order within their transaction isn't known, so that the row itself must be looked at: those
   * of a transaction that wrote this table from inside of triggers, and those of a statement of which a part is in an
   * earlier chunk, so that nobody has both parts to compare. All of them, where rows are chosen by a condition.
   */
  readonly again: string;
  readonly parameters: readonly Parameter[];
}

export function changesFrom({ branch, nested, begun }: Logged, span: Span, isChosen: boolean): ChangesQuery {
  const { sql, parameters } = conditionOf(span);
  const table = tableOf(branch);
  const [xids, times] = [`$${parameters.length + 1}::xid8[]`, `$${parameters.length + 2}::timestamptz[]`];
  const reasons = [
    ...(isChosen ? ['true'] : []),
    ...(nested ? ['c.xid IN (SELECT xid FROM nested)'] : []),
    ...(begun === null ? [] : [`(c.xid, c.changed_at) IN (SELECT * FROM unnest(${xids}, ${times}))`]),
  ];
  return {
    from: {
      before: `WITH ${LATE}${nested ? `, nested AS MATERIALIZED (SELECT DISTINCT * FROM (${nestedSql(table)}) x)` : ''}`,
      rows: `FROM ${table} WHERE ${sql}`,
    },
    again: reasons.length === 0 ? 'false' : reasons.join(' OR '),
    parameters: begun === null ? parameters : [...parameters, begun.xids, begun.times],
  };
}

/** A column's value before the change, or after it. */
export function oldColumn(column: CapturedColumn): string {
  return `c.${quote(column.oldName)}`;
}

export function newColumn(column: CapturedColumn): string {
  return `c.${quote(column.newName)}`;
}
