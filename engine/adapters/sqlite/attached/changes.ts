/** Nets the changes of one table of an attached source into a TEMP table, and reads again what the log can't tell. */
import { andFilter, routeOnTarget, type TableCounts, type TableRoute } from '../../../model';
import type { Reading } from './attach';
import { toMilliseconds, type ReachedTable } from '../capture/captured';
import { quote } from '../database/identifiers';
import type { Session } from '../database/session';
import { readingChosen } from '../rows/filter';
import {
  collateKey,
  KIND,
  stagedColumns,
  stagedKey,
  type StagedChanges,
  type UnfitRow,
} from '../target/staging';
import { takeOutUnfit } from '../target/unfit';
import { numberOf } from '../database/values';

export interface ReadChanges {
  readonly route: TableRoute;
  readonly staged: StagedChanges;
  readonly unfit: readonly UnfitRow[];
  readonly changes: number;
  readonly counts: TableCounts;
  readonly oldest: number;
  readonly newest: number;
}

/** Null when the table has no changes in the span: a look that costs microseconds. */
export function stageChanges(reading: Reading, { route, changes, span }: ReachedTable): ReadChanges | null {
  const { session } = reading;
  const bounds = [BigInt(span.from), BigInt(span.to)] as const;
  const [count, inserts, updates, deletes, long, oldest, newest] =
    session.get(
      `SELECT count(*), ${['insert', 'update', 'delete'].map((op) => `count(*) FILTER (WHERE op = '${op}')`).join(', ')},
  count(CASE ${longSql(route)} END), min(changed_at), max(changed_at)
FROM ${changes} WHERE id > ? AND id <= ?`,
      ...bounds,
    ) ?? [];
  if (numberOf(count) === 0) return null;

  const table = reading.borrow(route);
  session.run(netSql(route, changes, table, numberOf(long) > 0), ...bounds);
  // What is none of these is a touch.
  const touches = numberOf(count) - numberOf(inserts) - numberOf(updates) - numberOf(deletes);
  const reread = route.source.reread || touches > 0;
  if (reread) readingChosen(route, () => rereadStaged(reading, route, table));
  const touched =
    touches === 0 ? { updated: 0, deleted: 0 } : countTouched(session, route, changes, table, bounds);
  return {
    route,
    staged: {
      table,
      deletes: reread || numberOf(deletes) > 0,
      upserts: reread || numberOf(inserts) + numberOf(updates) > 0,
    },
    unfit: takeOutUnfit(session, routeOnTarget(route), table, false),
    changes: numberOf(count),
    counts: {
      table: route.id,
      inserted: numberOf(inserts),
      updated: numberOf(updates) + touched.updated,
      deleted: numberOf(deletes) + touched.deleted,
    },
    oldest: toMilliseconds(numberOf(oldest)),
    newest: toMilliseconds(numberOf(newest)),
  };
}

/** Bytes of a value from which sorting it takes longer than finding its row again. */
const LONG = 500;

/**
 * What a CASE has for changes with a long value; as OR, a thousand columns would be nested too deep for SQLite. What is
 * no number among numbers counts as long: comparing costs less than asking for the length.
 */
function longSql({ columns, source }: TableRoute): string {
  return columns
    .map((column) => {
      const type = source.columns.find(({ name }) => name === column)?.type;
      const holdsNumbers = type?.kind === 'dynamic' && type.affinity !== 'text' && type.affinity !== 'blob';
      const value = quote(`new_${column}`);
      return `WHEN ${holdsNumbers ? `${value} > 9e999` : `octet_length(${value}) > ${LONG}`} THEN 1`;
    })
    .join(' ');
}

/**
 * The last change of each key, in the order of the keys, in which they are written fastest. Short rows are sorted as
 * they are: beside max(), SQLite takes every other column of a group from the row that holds the maximum. Of long ones
 * only the keys are, since a row can be any size and what is sorted is held in memory.
 *
 * The key is written by CASE, not as it is grouped: spellings that are equal share a group, and the group's own value
 * could be an older spelling than that row's.
 */
function netSql(route: TableRoute, changes: string, table: string, long: boolean): string {
  const columns = route.columns.map((column) => {
    const [before, after] = [quote(`old_${column}`), quote(`new_${column}`)];
    return route.key.includes(column)
      ? `CASE WHEN op IN ('delete', 'touch') THEN ${before} ELSE ${after} END`
      : after;
  });
  const key = route.key.map(
    (column) => `coalesce(${quote(`new_${column}`)}, ${quote(`old_${column}`)})${collateKey(route, column)}`,
  );
  const kind = route.source.reread
    ? String(KIND.reread)
    : `CASE op WHEN 'delete' THEN ${KIND.delete} WHEN 'touch' THEN ${KIND.reread} ELSE ${KIND.upsert} END`;
  const among = `FROM ${changes} WHERE id > ? AND id <= ? GROUP BY ${key.join(', ')}`;
  return `INSERT INTO ${table} (ord, kind, ${stagedColumns(route)})
SELECT ${long ? 'id' : 'max(id)'}, ${kind}, ${columns.join(', ')}
${long ? `FROM (SELECT max(id) AS last ${among}) CROSS JOIN ${changes} ON id = last` : among}`;
}

/** Gives staged keys that must be read again the source's row as it is in this read transaction, or a delete. */
function rereadStaged({ session, source }: Reading, route: TableRoute, table: string): void {
  const rows = `${source.schema}.${quote(route.source.name.name)} AS s`;
  const name = table.slice(table.indexOf('.') + 1);
  const sameKey = route.key
    .map((column, index) => `s.${quote(column)} = ${name}.${stagedKey(route)[index] ?? ''}`)
    .join(' AND ')
    .concat(andFilter(route.where));
  session.run(`UPDATE ${table} SET kind = ${KIND.delete}
WHERE kind = ${KIND.reread} AND NOT EXISTS (SELECT 1 FROM ${rows} WHERE ${sameKey})`);
  session.run(`UPDATE ${table} SET (kind, ${stagedColumns(route)}) =
  (SELECT ${KIND.upsert}, ${route.columns.map((column) => `s.${quote(column)}`).join(', ')} FROM ${rows} WHERE ${sameKey})
WHERE kind = ${KIND.reread}`);
}

/** A touch counts as what came of it. */
function countTouched(
  session: Session,
  route: TableRoute,
  changes: string,
  table: string,
  bounds: readonly [bigint, bigint],
): { readonly updated: number; readonly deleted: number } {
  const sameKey = route.key.map(
    (column, index) => `g.${stagedKey(route)[index] ?? ''} = c.${quote(`old_${column}`)}`,
  );
  const [updated, deleted] =
    session.get(
      `SELECT total(g.kind = ${KIND.upsert}), total(g.kind = ${KIND.delete})
FROM ${changes} AS c JOIN ${table} AS g ON ${sameKey.join(' AND ')}
WHERE c.id > ? AND c.id <= ? AND c.op = 'touch'`,
      ...bounds,
    ) ?? [];
  return { updated: numberOf(updated), deleted: numberOf(deleted) };
}
