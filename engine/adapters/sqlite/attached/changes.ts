/** Nets the changes of one table of an attached source into a TEMP table, and reads again what the log can't tell. */
import { andFilter, routeOnTarget, type TableCounts, type TableRoute } from '../../../model';
import type { Reading } from './attach';
import { longSql, netSql } from './net';
import { toMilliseconds, type ReachedTable } from '../capture/captured';
import { quote } from '../database/identifiers';
import type { Session } from '../database/session';
import { readingChosen } from '../rows/filter';
import { KIND, stagedColumns, stagedKey, type StagedChanges, type UnfitRow } from '../target/staging';
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
  const [count, inserts, updates, deletes, longRows, oldest, newest] =
    session.get(
      `SELECT count(*), ${['insert', 'update', 'delete'].map((op) => `count(*) FILTER (WHERE op = '${op}')`).join(', ')},
  count(${longSql(route)}), min(changed_at), max(changed_at)
FROM ${changes} WHERE id > ? AND id <= ?`,
      ...bounds,
    ) ?? [];
  if (numberOf(count) === 0) return null;

  const table = reading.borrow(route);
  session.run(netSql(route, changes, table, { isLong: numberOf(longRows) > 0 }), ...bounds);
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
