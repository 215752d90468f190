/** Tells that capture is as it was, without asking for every table: at 600 tables that takes a tenth. */
import { own, type Session } from '../database';
import { MISSED } from './generation';

/**
 * Our records by the transactions that wrote them, the triggers that fire always, and the captured tables that are
 * still there under their names. What it does not see is a table that has other columns since: whoever reads changes or
 * rows of a table asks for that table itself.
 */
const STAMP = `SELECT pg_catalog.concat_ws(' ',
  (SELECT md5(string_agg(c.xmin::text || ':' || c.relid, ',' ORDER BY c.relid)) FROM ${own('capture')} c),
  (SELECT md5(string_agg(g.xmin::text || ':' || g.relid, ',' ORDER BY g.relid, g.number)) FROM ${own('generation')} g),
  (SELECT count(*) FROM ${MISSED}),
  (SELECT count(*) || ':' || sum(t.oid::int8) FROM pg_trigger t WHERE t.tgenabled = 'A' AND NOT t.tgisinternal),
  (SELECT count(*) FROM ${own('capture')} c
    JOIN pg_class r ON r.oid = c.relid AND r.relname = c.table_name
    JOIN pg_namespace n ON n.oid = r.relnamespace AND n.nspname = c.schema_name))`;

/** To ask for so many tables takes no longer than to find out whether they are as they were. */
export const FEW_TABLES = 8;

/** Another text whenever capture of any table in this database has changed. */
export async function readStamp(session: Session): Promise<string> {
  const [row] = await session.query(STAMP, [], { prepared: true });
  return row?.[0] ?? '';
}
