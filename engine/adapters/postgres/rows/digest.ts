/**
 * The rows of a range as one digest, for comparison: hashed and summed by the server, so that no row has to travel. The
 * texts are those by which rows are compared elsewhere; with them the columns' types are told.
 */
import type { DigestRequest, RangeDigest } from '../../../model';
import type { Session } from '../database';
import { requireTable } from '../schema/tables';
import { selectRange } from './key-order';
import { cursorOf, selectList } from './scan';
import { readersOf } from './values';

/** Two hashes of 64 bits with seeds of their own: sums of one alone could meet by chance. */
const SEEDS = [0, 7_919] as const;

/** Throws POSITION_INVALID for a cursor of another key, TABLE_UNKNOWN. */
export async function digestRows(session: Session, request: DigestRequest): Promise<RangeDigest> {
  const { columns, key, table, limit } = request;
  return session.transaction('repeatable read, read only', async () => {
    // Where no index has this order, all rows are sorted; fetching them one by one would be worse.
    await session.execute('SET LOCAL enable_seqscan = on');
    const { schema } = await requireTable(session, table);
    const range = await selectRange(session, { ...request, order: 'common' });
    const sums = SEEDS.map(
      (seed) => `coalesce(pg_catalog.sum(pg_catalog.hashtextextended(r.t COLLATE "C", ${String(seed)})), 0)`,
    );
    const found = await session.first(
      `SELECT pg_catalog.count(*), ${sums.join(', ')}
FROM (SELECT pg_catalog.concat(ROW(${selectList(columns)})) AS t ${range.sql}) AS r`,
      range.parameters,
    );
    const rows = Number(found?.[0] ?? 0);
    const types = columns.map((name) => schema.columns.find((column) => column.name === name)?.declaredType);
    const digest = JSON.stringify([...(found ?? []), types]);
    if (limit === null || rows < limit) return { rows, digest, cursor: null };
    const last = await session.first(
      `SELECT ${selectList(key)} ${range.sql} OFFSET ${String(rows - 1)}`,
      range.parameters,
    );
    return { rows, digest, cursor: cursorOf(last, [...key.keys()], readersOf(schema, key)) };
  });
}
