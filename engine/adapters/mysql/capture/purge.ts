/** Deletes changes that everybody has passed, and remembers which may be gone. */
import type { PurgeRequest } from '../../../model';
import { own, type Session } from '../database';
import { readConsumers } from './consumers';
import { globalVariables } from './server';
import {
  coveredByAll,
  coveredByEither,
  coveredRanges,
  decodePosition,
  encodeTable,
  type Gap,
  type TablePosition,
} from './position';
import { isInstalled, readCaptures, type Capture } from './registry';

/**
 * Deletes up to `limit` changes that every consumer of their table has passed and that are older than asked, with
 * the floor in the same transaction. Returns how many. A transaction that stays open holds up none: its ids are left
 * out one by one.
 */
export async function purge(session: Session, { before, limit }: PurgeRequest): Promise<number> {
  if (!(await isInstalled(session))) return 0;
  const consumers = (await readConsumers(session)).filter((consumer) => !consumer.suspended);
  let left = limit;
  for (const capture of (await readCaptures(session)).values()) {
    const readers = consumers.filter((consumer) => consumer.tables.includes(capture.table));
    if (capture.suspended || readers.length === 0 || left === 0) continue;
    const passed = coveredByAll(
      readers.map(({ position }) => decodePosition(position).tables.get(capture.id) ?? capture.floor),
    );
    left -= await purgeTable(session, capture, passed, { before, limit: left });
  }
  return limit - left;
}

async function purgeTable(
  session: Session,
  capture: Capture,
  passed: TablePosition,
  { before, limit }: PurgeRequest,
): Promise<number> {
  const table = own(session, capture.changeTable);
  const ranges = coveredRanges(passed);
  let count = 0;
  let upTo = 0;
  const due: Gap[] = [];
  for (const [first, last] of ranges) {
    if (count === limit) break;
    // Of the oldest ones only, so that nothing is looked at again and again while it is too young.
    const rows = await session.query(
      `SELECT id, changed_at < FROM_UNIXTIME(?) FROM ${table} WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ${limit - count}`,
      [String(Math.max(0, before) / 1000), BigInt(first), BigInt(last)],
    );
    const firstYoung = rows.findIndex(([, isDue]) => Number(isDue) !== 1);
    const old = firstYoung < 0 ? rows : rows.slice(0, firstYoung);
    const end = Number(old.at(-1)?.[0] ?? 0);
    if (end > 0) {
      due.push([first, end]);
      count += old.length;
      upTo = end;
    }
    if (firstYoung >= 0) break;
  }
  if (count === 0) return 0;
  // Without locks on what is between the rows, into which a transaction may be about to insert.
  if (!(await logsStatements(session)))
    await session.execute('SET TRANSACTION ISOLATION LEVEL READ COMMITTED');
  return session.transaction('write', async () => {
    let deleted = 0;
    for (const [first, last] of due) {
      const { rows } = await session.execute(`DELETE FROM ${table} WHERE id BETWEEN ? AND ?`, [
        BigInt(first),
        BigInt(last),
      ]);
      deleted += rows;
    }
    await session.execute(`UPDATE ${own(session, '_cdc_capture')} SET floor = ? WHERE id = ?`, [
      encodeTable(coveredByEither(capture.floor, passed, upTo)),
      BigInt(capture.id),
    ]);
    return deleted;
  });
}

/** READ COMMITTED cannot write where the binary log holds statements. */
async function logsStatements(session: Session): Promise<boolean> {
  const found = await globalVariables(session, ['log_bin', 'binlog_format']);
  return found.get('log_bin') === 'ON' && found.get('binlog_format') === 'STATEMENT';
}
