/** Deletes changes that everybody has passed, and remembers how far. */
import { displayName, type PurgeRequest } from '../../../model';
import { own, type Session } from '../database';
import { readConsumers } from './consumers';
import { decodePosition, parseSnapshot } from './position';
import { isInstalled, readCaptures, type Capture } from './registry';

/**
 * Deletes up to `limit` changes that every consumer of their table has passed and that are older than asked, with
 * the floor in the same transaction. Returns how many.
 */
export async function purge(session: Session, { before, limit }: PurgeRequest): Promise<number> {
  if (!(await isInstalled(session))) return 0;
  const consumers = (await readConsumers(session)).filter((consumer) => !consumer.suspended);
  let left = limit;
  for (const capture of (await readCaptures(session)).values()) {
    const readers = consumers.filter((consumer) => consumer.tables.includes(displayName(capture.table)));
    if (capture.suspended || readers.length === 0) continue;
    // Transactions below the least xmin had ended for every reader.
    const passed = readers
      .map((reader) => parseSnapshot(decodePosition(reader.position).from).xmin)
      .reduce((one, other) => (other < one ? other : one));
    for (const { changeTable } of capture.generations) {
      if (left > 0) left -= await purgeTable(session, capture, changeTable, { passed, before, limit: left });
    }
    await dropPassedGenerations(session, capture, passed);
  }
  return limit - left;
}

interface TablePurge {
  /** Changes of transactions below may go. */
  readonly passed: bigint;
  /** Milliseconds since 1970. */
  readonly before: number;
  readonly limit: number;
}

async function purgeTable(
  session: Session,
  capture: Capture,
  changeTable: string,
  { passed, before, limit }: TablePurge,
): Promise<number> {
  const table = own(changeTable);
  // Of the oldest ones only, so that nothing is looked at again and again while it is too young. A transaction that
  // began long ago and wrote late delays a purge, no more.
  const oldest = `SELECT ctid, changed_at FROM ${table} WHERE xid < $1::xid8 ORDER BY xid LIMIT $2`;
  const due = `to_timestamp($3::float8 / 1000)`;
  const found = await session.first(`SELECT EXISTS (SELECT FROM (${oldest}) o WHERE changed_at < ${due})`, [
    passed,
    limit,
    before,
  ]);
  if (found?.[0] !== 't') return 0;
  return session.transaction('read committed', async () => {
    const row = await session.first(
      `WITH gone AS (
  DELETE FROM ${table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM (${oldest}) o WHERE changed_at < ${due}))
  RETURNING xid, lsn)
SELECT count(*), max(xid::text::numeric), max(lsn) FROM gone`,
      [passed, limit, before],
    );
    const count = Number(row?.[0]);
    if (count > 0) {
      await session.query(
        `UPDATE ${own('capture')} SET
  floor_xid = CASE WHEN floor_xid > $2::xid8 THEN floor_xid ELSE $2::xid8 END, floor_lsn = greatest(floor_lsn, $3::pg_lsn)
WHERE relid = $1`,
        [capture.relid, row?.[1] ?? null, row?.[2] ?? null],
      );
    }
    return count;
  });
}

/** A change table of former columns goes once it is empty and everybody reads the next. */
async function dropPassedGenerations(session: Session, capture: Capture, passed: bigint): Promise<void> {
  for (const [index, generation] of capture.generations.entries()) {
    const next = capture.generations[index + 1];
    if (next === undefined || next.since >= passed) return;
    const rest = await session.first(`SELECT EXISTS (SELECT FROM ${own(generation.changeTable)})`);
    if (rest?.[0] !== 'f') return;
    await session.transaction('read committed', async () => {
      await session.query(`DELETE FROM ${own('generation')} WHERE relid = $1 AND number = $2`, [
        capture.relid,
        generation.number,
      ]);
      await session.execute(`DROP TABLE ${own(generation.changeTable)}`);
    });
  }
}
