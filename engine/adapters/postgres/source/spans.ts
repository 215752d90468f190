/**
 * The one hard query: changes of a window between two MVCC snapshots.
 *
 * What `to` sees and `from` doesn't is what was written by transactions from `from`'s xmax on, and by those that were
 * running at `from`. The first are a range of the index on `xid`, the others few single numbers, asked for by
 * `= ANY` of an array, since any other form makes the planner read the whole index. A transaction can be absent from
 * `from`'s list of running ones and have a number beyond its xmax though it has written already: so no number that
 * grows with the rows (an id, an LSN) may serve as the lower bound of a window.
 */
import { own, quote, type Parameter, type Session } from '../database';
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

/**
 * Answers true where there is a change between snapshots $1 and $2. `late`: transactions were running at $1. New
 * transactions and late ones are asked for apart: of either the planner, told that one row is enough, would read a
 * whole index where pages are known to be visible.
 */
export function probeSql(branches: readonly Branch[], late: boolean): string {
  return lookSql(branches, [`${FROM_NEW} AND ${VISIBLE}`, ...(late ? [`${FROM_LATE} AND ${VISIBLE}`] : [])]);
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

export interface Count {
  readonly branch: Branch;
  readonly count: number;
  /** Milliseconds since 1970. */
  readonly oldestChangedAt: number | null;
}

/** Changes of each branch, counted up to `limit` each; branches with changes only. */
export async function countChanges(
  session: Session,
  branches: readonly Branch[],
  span: Span,
  limit: number,
): Promise<readonly Count[]> {
  if (branches.length === 0 || span.from === span.to) return [];
  const { sql, parameters } = conditionOf(span);
  const place = `$${parameters.length + 1}`;
  const counts = branches.map(
    (branch, index) =>
      `SELECT ${index} AS branch, count(*) AS n, ${milliseconds('min(changed_at)')} AS oldest
FROM (SELECT c.changed_at FROM ${tableOf(branch)} WHERE ${sql} LIMIT ${place}::int8) x`,
  );
  const rows = await session.query(
    `WITH ${LATE} SELECT * FROM (${counts.join('\nUNION ALL ')}) counted WHERE n > 0`,
    [...parameters, limit],
    { prepared: true },
  );
  return rows.flatMap(([index, count, oldest]) => {
    const branch = branches[Number(index)];
    if (branch === undefined) return [];
    return { branch, count: Number(count), oldestChangedAt: oldest === null ? null : Number(oldest) };
  });
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
   * earlier chunk, so that nobody has both parts to compare.
   */
  readonly again: string;
  readonly parameters: readonly Parameter[];
}

export function changesFrom({ generation }: Branch, span: Span): ChangesQuery {
  const { sql, parameters } = conditionOf(span);
  const table = own(generation.changeTable);
  // A statement that began before the mark is no younger than the newest one that was read. Asked first: it costs least.
  const { readUntil = null } = span;
  const bound = readUntil === null ? '' : `c.changed_at <= to_timestamp(${(readUntil + 1) / 1000}) AND `;
  const begun = `, begun AS MATERIALIZED (
  SELECT d.xid, d.changed_at FROM (SELECT DISTINCT c.xid, c.changed_at FROM ${table} c WHERE ${bound}${sql}) d
  WHERE EXISTS (SELECT FROM ${table} p WHERE p.xid = d.xid AND p.changed_at = d.changed_at
    AND (p.lsn, p.xid) <= ($3::pg_lsn, $4::xid8)))`;
  const nested = `nested AS MATERIALIZED (
  SELECT DISTINCT xid FROM ${table} WHERE depth > 1
    AND xid >= pg_snapshot_xmin($1::pg_snapshot) AND xid < pg_snapshot_xmax($2::pg_snapshot))`;
  return {
    from: {
      before: `WITH ${LATE}, ${nested}${span.after === null ? '' : begun}`,
      rows: `FROM ${table} c WHERE ${sql}`,
    },
    again: `c.xid IN (SELECT xid FROM nested)${
      span.after === null ? '' : ' OR (c.xid, c.changed_at) IN (SELECT xid, changed_at FROM begun)'
    }`,
    parameters,
  };
}

/** A column's value before the change, or after it. */
export function oldColumn(column: CapturedColumn): string {
  return `c.${quote(column.oldName)}`;
}

export function newColumn(column: CapturedColumn): string {
  return `c.${quote(column.newName)}`;
}
