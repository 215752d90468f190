/**
 * Where a large window is cut. Sorting a million changes for a few marks takes a second in which nothing is copied;
 * counting them by stretches of the WAL takes most of that, and looking at some of them a twentieth. A part may end
 * anywhere.
 */
import { own, quoteText, type Session } from '../database';
import type { ChangeMark } from '../capture/position';
import { conditionOf, LATE, tableOf, type Branch, type Span } from './spans';

/** After whatever has an LSN. */
const LAST_XID = '18446744073709551615';

/** How many changes of each part are looked at to estimate where it ends; their number varies by 2.2 of a hundred. */
const SAMPLES = 2_000;
/** Parts of that many of them leave room for three times that. */
const SAMPLES_A_PART = 1_860;
/** Of smaller parts most changes would be looked at. */
const LEAST_SAMPLED = 10 * SAMPLES;
/** The share of what is kept from which looking at some of it all costs less than finding the window in it. */
const SAMPLED_SHARE = 1 / 16;
/** Pages that are looked at to know that share. */
const PAGES = 100;
/** Marks that are found by sorting: where parts are small there would be one for each few changes of a long backlog. */
const MOST_MARKS = 1_000;

/**
 * Marks that cut a window into parts of about `size` changes, oldest first; what follows the last of them has none and may
 * be larger, so that it is cut again. `exact`: of at
 * most `size`. Estimated marks do for large parts, a twentieth of the time of exact ones; whoever reads a part counts
 * it first.
 */
export async function cutWindow(
  session: Session,
  branches: readonly Branch[],
  span: Span,
  size: number,
  exact: boolean,
): Promise<readonly ChangeMark[]> {
  // A large window can be most of what is kept: then nothing is read faster than the whole table.
  await session.execute('SET LOCAL enable_seqscan = on');
  const estimated =
    !exact && size >= LEAST_SAMPLED && (await isLarge(session, branches, span))
      ? await estimate(session, branches, span, size)
      : null;
  const marks =
    estimated ??
    (await cutByStretches(session, branches, span, size)) ??
    (await cutExactly(session, branches, span, size));
  await session.execute('SET LOCAL enable_seqscan = off');
  return marks;
}

/** Whether the window is much of what its change tables hold, as some of their pages tell. */
async function isLarge(session: Session, branches: readonly Branch[], span: Span): Promise<boolean> {
  const sizes = branches.map(
    ({ generation }) => `pg_relation_size(${quoteText(own(generation.changeTable))})`,
  );
  const size = await session.first(`SELECT (${sizes.join(' + ')}) / current_setting('block_size')::int`);
  const percent = Math.min(100, (100 * PAGES) / Math.max(1, Number(size?.[0] ?? 0)));
  const { sql, parameters } = conditionOf(span);
  const looks = branches.map(
    (branch) => `SELECT ${sql} AS wanted FROM ${tableOf(branch)} TABLESAMPLE SYSTEM (${percent})`,
  );
  const seen = await session.first(
    `WITH ${LATE} SELECT count(*) FILTER (WHERE wanted), count(*) FROM (${looks.join('\nUNION ALL ')}) looks`,
    parameters,
  );
  return Number(seen?.[0] ?? 0) > SAMPLED_SHARE * Number(seen?.[1] ?? 0);
}

async function estimate(
  session: Session,
  branches: readonly Branch[],
  span: Span,
  size: number,
): Promise<readonly ChangeMark[]> {
  const { sql, parameters } = conditionOf(span);
  const percent = (100 * SAMPLES) / size;
  const looks = branches.map(
    (branch) => `SELECT c.lsn FROM ${tableOf(branch)} TABLESAMPLE BERNOULLI (${percent}) WHERE ${sql}`,
  );
  const rows = await session.query(
    `WITH ${LATE} SELECT DISTINCT lsn FROM (
  SELECT lsn, row_number() OVER (ORDER BY lsn) AS place FROM (${looks.join('\nUNION ALL ')}) looks
) numbered WHERE place % ${SAMPLES_A_PART} = 0 ORDER BY lsn`,
    parameters,
  );
  return rows.map(([lsn]) => ({ lsn: lsn ?? '', xid: LAST_XID }));
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
) numbered WHERE place % $${parameters.length + 1}::int8 = 0 ORDER BY place LIMIT ${MOST_MARKS}`,
    [...parameters, size],
  );
  return rows.map(([lsn, xid]) => ({ lsn: lsn ?? '', xid: xid ?? '' }));
}
