/**
 * Tables copied over old rows whose keys have no order that both databases share: text, above all. There a range of
 * the source is no range of the target. So the keys that were written are noted in a table of ours, as hashes of what the
 * target has, and after the last range whatever has another key is deleted. A worker may restart in between, and a
 * table made for it would commit the transaction: hence one table for all.
 */
import { createHash } from 'node:crypto';
import { displayName, type TableName } from '../../../model';
import { own, quote, type Session } from '../database';
import { isReadAsHex } from '../schema/types';
import type { TargetShape } from './shape';
import type { StagedKey, StagedSet } from './staging';
import { keyColumns, keyLists } from './statements';

/** Stands for the sweep itself. */
const BEGUN = new Uint8Array(32);

function hashOf(target: TableName): string {
  return createHash('md5').update(displayName(target)).digest('hex');
}

/** A hash of the key of `t`, a row of the target. */
function keyHash({ key }: TargetShape): string {
  const parts = key.flatMap(({ name, found }) => {
    const column = `t.${quote(name)}`;
    const bytes = isReadAsHex(found.native)
      ? `HEX(${column})`
      : found.collation === null
        ? `CAST(${column} AS BINARY)`
        : `CAST(CONVERT(${column} USING utf8mb4) AS BINARY)`;
    return [`LENGTH(${bytes})`, bytes];
  });
  return `UNHEX(SHA2(CONCAT_WS(':', ${parts.join(', ')}), 256))`;
}

/** Starts anew, at the first range. */
export async function startSweep(session: Session, { route }: StagedSet): Promise<void> {
  await dropSweeps(session, [route.target]);
  await session.execute(`INSERT INTO ${own(session, '_cdc_sweep')} VALUES (?, ?)`, [
    hashOf(route.target),
    BEGUN,
  ]);
}

async function hasSweep(session: Session, target: TableName): Promise<boolean> {
  const found = await session.first(
    `SELECT 1 FROM ${own(session, '_cdc_sweep')} WHERE target_hash = ? AND key_hash = ?`,
    [hashOf(target), BEGUN],
  );
  return found !== undefined;
}

/** Notes keys as the source's, those that the target has. Does nothing where no sweep was started. */
export async function trackKeys(
  session: Session,
  { route, shape }: StagedSet,
  keys: readonly StagedKey[],
): Promise<void> {
  if (!(await hasSweep(session, route.target))) return;
  for (const list of keyLists(keys, session.maxPacket)) {
    await session.execute(`INSERT IGNORE INTO ${own(session, '_cdc_sweep')}
SELECT '${hashOf(route.target)}', ${keyHash(shape)} FROM ${shape.table} AS t WHERE ${keyColumns(shape, 't.')} IN (${list})`);
  }
}

/** Deletes the target's rows whose keys were not noted, and forgets the keys. */
export async function finishSweep(session: Session, { route, shape }: StagedSet): Promise<void> {
  if (!(await hasSweep(session, route.target))) return;
  await session.execute(`DELETE t FROM ${shape.table} AS t LEFT JOIN ${own(session, '_cdc_sweep')} AS w
  ON w.target_hash = '${hashOf(route.target)}' AND w.key_hash = ${keyHash(shape)}
WHERE w.key_hash IS NULL`);
  await dropSweeps(session, [route.target]);
}

/** Forgets the keys of copies that begin anew, or will not be finished. */
export async function dropSweeps(session: Session, targets: readonly TableName[]): Promise<void> {
  for (const target of targets) {
    await session.execute(`DELETE FROM ${own(session, '_cdc_sweep')} WHERE target_hash = ?`, [
      hashOf(target),
    ]);
  }
}
