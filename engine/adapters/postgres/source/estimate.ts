/** About how many rows tables hold, for reports. */
import { ROWS_COUNTED, type TableRoute } from '../../../model';
import { qualify, type Session } from '../database';

/** In the order of `routes`; null for a table that can't be looked at. */
export async function estimateRows(
  session: Session,
  routes: readonly TableRoute[],
): Promise<readonly (number | null)[]> {
  return session.transaction('repeatable read, read only', async () => {
    await session.execute('SET LOCAL enable_seqscan = on');
    const estimates: (number | null)[] = [];
    for (const { source } of routes) estimates.push(await estimateTable(session, qualify(source.name)));
    return estimates;
  });
}

/**
 * Beyond what is counted, what the planner expects: `reltuples` for the pages that the table has now, and for one that
 * was never analysed as many rows of its width as fit into them; partitions are summed up.
 */
async function estimateTable(session: Session, table: string): Promise<number | null> {
  const counted = await session.first(
    `SELECT count(*) FROM (SELECT FROM ${table} LIMIT ${ROWS_COUNTED + 1}) AS few`,
  );
  const count = Number(counted?.[0]);
  if (count <= ROWS_COUNTED) return count;
  const plan = await session.first(`EXPLAIN SELECT FROM ${table}`);
  const expected = / rows=(\d+)/.exec(plan?.[0] ?? '')?.[1];
  return expected === undefined ? null : Math.max(count, Number(expected));
}
