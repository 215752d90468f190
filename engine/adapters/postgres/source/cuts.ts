/**
 * Where a large window is cut. Sorting a million changes for a few marks takes a second in which nothing is copied;
 * counting them by stretches of the WAL takes about half of that, and a part may end with any stretch.
 */
import type { Session } from '../database';
import type { ChangeMark } from '../capture/position';
import { conditionOf, LATE, tableOf, type Branch, type Span } from './spans';

/** After whatever has an LSN. */
const LAST_XID = '18446744073709551615';

/** Marks that cut a window into parts of at most `size` changes; the last part has none. Oldest first. */
export async function cutWindow(
  session: Session,
  branches: readonly Branch[],
  span: Span,
  size: number,
): Promise<readonly ChangeMark[]> {
  // A large window can be most of what is kept: then nothing is read faster than the whole table.
  await session.execute('SET LOCAL enable_seqscan = on');
  const stretches = await cutByStretches(session, branches, span, size);
  const marks = stretches ?? (await cutExactly(session, branches, span, size));
  await session.execute('SET LOCAL enable_seqscan = off');
  return marks;
}

/**
 * Stretches are 64 kB of WAL. Parts hold up to `size` less the fullest stretch, and a part that ends inside of one
 * takes all of it. Null where a stretch holds too much for that.
 */
async function cutByStretches(
  session: Session,
  branches: readonly Branch[],
  span: Span,
  size: number,
): Promise<readonly ChangeMark[] | null> {
  const { sql, parameters } = conditionOf(span);
  const place = `$${parameters.length + 1}::int8`;
  const looks = branches.map(
    (branch) => `SELECT substr(pg_lsn_send(c.lsn), 1, 6) AS stretch FROM ${tableOf(branch)} WHERE ${sql}`,
  );
  const rows = await session.query(
    `WITH ${LATE}, counted AS (
  SELECT stretch, count(*) AS n FROM (${looks.join('\nUNION ALL ')}) changes GROUP BY stretch
), summed AS (
  SELECT stretch, (sum(n) OVER (ORDER BY stretch))::int8 AS upto, max(n) OVER () AS fullest FROM counted
), parts AS (
  SELECT stretch, fullest, upto / greatest(1, ${place} - fullest) AS part,
    lead(upto) OVER (ORDER BY stretch) / greatest(1, ${place} - fullest) AS next FROM summed
)
SELECT encode(stretch, 'hex'), fullest FROM parts WHERE part <> next OR next IS NULL ORDER BY stretch`,
    [...parameters, size],
  );
  const fullest = Number(rows[0]?.[1] ?? 0);
  if (2 * fullest > size) return null;
  return rows.slice(0, -1).map(([stretch]) => endOf(stretch ?? ''));
}

/** The last LSN of a stretch, of which these are the first 12 hexadecimal digits. */
function endOf(stretch: string): ChangeMark {
  const digits = (text: string): string => text.replace(/^0+(?=.)/, '').toUpperCase();
  return { lsn: `${digits(stretch.slice(0, 8))}/${digits(`${stretch.slice(8)}ffff`)}`, xid: LAST_XID };
}

async function cutExactly(
  session: Session,
  branches: readonly Branch[],
  span: Span,
  size: number,
): Promise<readonly ChangeMark[]> {
  const { sql, parameters } = conditionOf(span);
  const marks = branches.map((branch) => `SELECT c.lsn, c.xid FROM ${tableOf(branch)} WHERE ${sql}`);
  const rows = await session.query(
    `WITH ${LATE} SELECT lsn, xid FROM (
  SELECT lsn, xid, row_number() OVER (ORDER BY lsn, xid) AS place FROM (${marks.join('\nUNION ALL ')}) m
) numbered WHERE place % $${parameters.length + 1}::int8 = 0 ORDER BY place`,
    [...parameters, size],
  );
  return rows.map(([lsn, xid]) => ({ lsn: lsn ?? '', xid: xid ?? '' }));
}
