/** Parts of a large window are found by the block range index on `lsn`, which knows what was summarised only. */
import type { TableRoute } from '../../../model';
import { OWN_SCHEMA, type Session } from '../database';

/**
 * Brings the indexes of these tables' change tables up to date. Where the role is not their owner it can't be done;
 * then the parts are found more slowly, and no less exactly.
 */
export async function summarize(session: Session, routes: readonly TableRoute[]): Promise<void> {
  await session
    .query(
      `SELECT brin_summarize_new_values(i.indexrelid)
FROM ${OWN_SCHEMA}.capture c JOIN ${OWN_SCHEMA}.generation g ON g.relid = c.relid
JOIN pg_index i ON i.indrelid = to_regclass(format('%I.%I', '${OWN_SCHEMA}', g.change_table))
JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am a ON a.oid = x.relam AND a.amname = 'brin'
WHERE (c.schema_name, c.table_name) IN (SELECT * FROM unnest($1::text[], $2::text[]))`,
      [routes.map(({ source }) => source.name.schema), routes.map(({ source }) => source.name.name)],
    )
    .catch(() => undefined);
}
