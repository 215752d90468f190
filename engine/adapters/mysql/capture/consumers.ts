/** `_cdc_consumer`: who reads the changes, and how far each is known to have come. */
import { asPosition, type Consumer, type Position } from '../../../model';
import { own, type Session } from '../database';
import { isInstalled } from './registry';

export async function readConsumers(session: Session): Promise<readonly Consumer[]> {
  if (!(await isInstalled(session))) return [];
  const tables = await session.query(
    `SELECT uuid, table_name FROM ${own(session, '_cdc_consumer_table')} ORDER BY table_name`,
  );
  const rows = await session.query(
    `SELECT uuid, name, seq, position, suspended, updated_at FROM ${own(session, '_cdc_consumer')} ORDER BY uuid`,
  );
  return rows.map(([uuid, name, seq, position, suspended, updatedAt]) => ({
    uuid: String(uuid),
    name: String(name),
    seq: Number(seq),
    position: asPosition(String(position)),
    suspended: Number(suspended) === 1,
    updatedAt: Number(updatedAt),
    tables: tables.filter(([reader]) => reader === uuid).map(([, table]) => String(table)),
  }));
}

export async function readConsumer(session: Session, uuid: string): Promise<Consumer | null> {
  return (await readConsumers(session)).find((consumer) => consumer.uuid === uuid) ?? null;
}

/** Inserts or replaces a consumer with exactly these tables. To be called inside a transaction. */
export async function writeConsumer(session: Session, consumer: Consumer): Promise<void> {
  await session.execute(
    `REPLACE INTO ${own(session, '_cdc_consumer')} (uuid, name, seq, position, suspended, updated_at)
VALUES (?, ?, ?, ?, ?, ?)`,
    [
      consumer.uuid,
      consumer.name,
      BigInt(consumer.seq),
      consumer.position,
      consumer.suspended,
      BigInt(Math.round(consumer.updatedAt)),
    ],
  );
  await session.execute(`DELETE FROM ${own(session, '_cdc_consumer_table')} WHERE uuid = ?`, [consumer.uuid]);
  for (const table of consumer.tables) {
    await session.execute(
      `INSERT INTO ${own(session, '_cdc_consumer_table')} (uuid, table_name) VALUES (?, ?)`,
      [consumer.uuid, table],
    );
  }
}

/** To be called inside a transaction. */
export async function deleteConsumer(session: Session, uuid: string): Promise<void> {
  await session.execute(`DELETE FROM ${own(session, '_cdc_consumer_table')} WHERE uuid = ?`, [uuid]);
  await session.execute(`DELETE FROM ${own(session, '_cdc_consumer')} WHERE uuid = ?`, [uuid]);
}

/** A seq that is not greater than the stored one changes nothing, so late and repeated calls do no harm. */
export async function advanceConsumer(
  session: Session,
  uuid: string,
  progress: { readonly seq: number; readonly position: Position; readonly now: number },
): Promise<void> {
  if (!(await isInstalled(session))) return;
  await session.execute(
    `UPDATE ${own(session, '_cdc_consumer')} SET seq = ?, position = ?, updated_at = ? WHERE uuid = ? AND seq < ?`,
    [BigInt(progress.seq), progress.position, BigInt(Math.round(progress.now)), uuid, BigInt(progress.seq)],
  );
}
