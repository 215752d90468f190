/** About how many rows tables hold, for reports. */
import { filterSql, ROWS_COUNTED, type TableRoute } from '../../../model';
import { qualify, type Session } from '../database';

/** In the order of `routes`; null for a table that can't be looked at. */
export async function estimateRows(
  session: Session,
  routes: readonly TableRoute[],
): Promise<readonly (number | null)[]> {
  return session.transaction('repeatable read, read only', async () => {
    await session.execute('SET LOCAL enable_seqscan = on');
    const estimates: (number | null)[] = [];
    for (const route of routes) estimates.push(await estimateTable(session, route));
    return estimates;
  });
}

/**
 * Beyond what is counted, what the planner expects: `reltuples` for the pages that the table has now, and for one that
 * was never analysed as many rows of its width as fit into them; partitions are summed up. Of these rows as many as a
 * condition is expected to choose.
 */
async function estimateTable(session: Session, { source, where }: TableRoute): Promise<number | null> {
  const table = qualify(source.name);
  // Rows are counted before they are chosen, since few of a large table may be.
  const chosen = where === null ? 'true' : filterSql(where);
  const counted = await session.first(
    `SELECT count(*), count(*) FILTER (WHERE ${chosen}) FROM (SELECT * FROM ${table} LIMIT ${ROWS_COUNTED + 1}) AS s`,
  );
  const [all, count] = [Number(counted?.[0]), Number(counted?.[1])];
  if (all <= ROWS_COUNTED) return count;
  const plan = await session.first(`EXPLAIN SELECT FROM ${table} AS s WHERE ${chosen}`);
  const expected = / rows=(\d+)/.exec(plan?.[0] ?? '')?.[1];
  return expected === undefined ? null : Math.max(count, Number(expected));
}
