/** Deletes changes that everybody has passed, and remembers how far. */
import { displayName, type PurgeRequest } from '../../../model';
import { own, type Session } from '../database';
import { readConsumers } from './consumers';
import {
  decodePosition,
  formatSnapshot,
  parseSnapshot,
  seenByAll,
  seenByEither,
  seenUpTo,
  type ChangeMark,
  type Snapshot,
} from './position';
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
    const passed = seenByAll(readers.map((reader) => parseSnapshot(decodePosition(reader.position).from)));
    for (const { changeTable } of capture.generations) {
      if (left > 0) left -= await purgeTable(session, capture, changeTable, { passed, before, limit: left });
    }
    await dropPassedGenerations(session, capture, passed.xmin);
  }
  return limit - left;
}

interface TablePurge {
  /** Changes of transactions that it sees may go, whatever else is still running on the server. */
  readonly passed: Snapshot;
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
  const oldest = `SELECT ctid, changed_at FROM ${table}
  WHERE xid < pg_snapshot_xmax($1::pg_snapshot) AND pg_visible_in_snapshot(xid, $1::pg_snapshot) ORDER BY xid LIMIT $2`;
  const due = `to_timestamp($3::float8 / 1000)`;
  const parameters = [formatSnapshot(passed), limit, before];
  const found = await session.first(
    `SELECT EXISTS (SELECT FROM (${oldest}) o WHERE changed_at < ${due})`,
    parameters,
  );
  if (found?.[0] !== 't') return 0;
  return session.transaction('read committed', async () => {
    const row = await session.first(
      `WITH gone AS (
  DELETE FROM ${table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM (${oldest}) o WHERE changed_at < ${due}))
  RETURNING xid, lsn)
SELECT count(*), max(xid::text::numeric), max(lsn) FROM gone`,
      parameters,
    );
    const [count, xid, lsn] = row ?? [];
    if (typeof xid === 'string' && typeof lsn === 'string') {
      await raiseFloor(session, capture, passed, { xid, lsn });
    }
    return Number(count);
  });
}

/** Whoever has not seen all that may be gone by now must not go on. */
async function raiseFloor(
  session: Session,
  { relid }: Capture,
  passed: Snapshot,
  newest: ChangeMark,
): Promise<void> {
  const known = await session.first(`SELECT floor_seen FROM ${own('capture')} WHERE relid = $1 FOR UPDATE`, [
    relid,
  ]);
  const before = known?.[0] ?? null;
  const gone = seenUpTo(passed, BigInt(newest.xid));
  const seen = before === null ? gone : seenByEither(parseSnapshot(before), gone);
  await session.query(
    `UPDATE ${own('capture')} SET floor_seen = $4::pg_snapshot, floor_lsn = greatest(floor_lsn, $3::pg_lsn),
  floor_xid = CASE WHEN floor_xid > $2::xid8 THEN floor_xid ELSE $2::xid8 END
WHERE relid = $1`,
    [relid, newest.xid, newest.lsn, formatSnapshot(seen)],
  );
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
