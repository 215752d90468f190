/** `cdc.consumer`: who reads the changes, and how far each is known to have come. */
import { asPosition, type Consumer, type Position } from '../../../model';
import { own, type Session } from '../database';
import { isInstalled } from './registry';

export async function readConsumers(session: Session): Promise<readonly Consumer[]> {
  if (!(await isInstalled(session))) return [];
  const tables = await session.query(
    `SELECT uuid, table_name FROM ${own('consumer_table')} ORDER BY table_name COLLATE "C"`,
  );
  const rows = await session.query(
    `SELECT uuid, name, seq, position, suspended, updated_at FROM ${own('consumer')} ORDER BY uuid COLLATE "C"`,
  );
  return rows.map(([uuid, name, seq, position, suspended, updatedAt]) => ({
    uuid: uuid ?? '',
    name: name ?? '',
    seq: Number(seq),
    position: asPosition(position ?? ''),
    suspended: suspended === 't',
    updatedAt: Number(updatedAt),
    tables: tables.flatMap(([reader, table]) => (reader === uuid ? (table ?? []) : [])),
  }));
}

export async function readConsumer(session: Session, uuid: string): Promise<Consumer | null> {
  return (await readConsumers(session)).find((consumer) => consumer.uuid === uuid) ?? null;
}

/** Inserts or replaces a consumer with exactly these tables. Inside a transaction. */
export async function writeConsumer(session: Session, consumer: Consumer): Promise<void> {
  await session.query(
    `INSERT INTO ${own('consumer')} (uuid, name, seq, position, suspended, updated_at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (uuid) DO UPDATE SET name = excluded.name, seq = excluded.seq, position = excluded.position,
  suspended = excluded.suspended, updated_at = excluded.updated_at`,
    [
      consumer.uuid,
      consumer.name,
      consumer.seq,
      consumer.position,
      consumer.suspended,
      Math.round(consumer.updatedAt),
    ],
  );
  await session.query(`DELETE FROM ${own('consumer_table')} WHERE uuid = $1`, [consumer.uuid]);
  await session.query(
    `INSERT INTO ${own('consumer_table')} (uuid, table_name) SELECT $1, unnest($2::text[])`,
    [consumer.uuid, consumer.tables],
  );
}

export async function deleteConsumer(session: Session, uuid: string): Promise<void> {
  await session.query(`DELETE FROM ${own('consumer_table')} WHERE uuid = $1`, [uuid]);
  await session.query(`DELETE FROM ${own('consumer')} WHERE uuid = $1`, [uuid]);
}

/** A seq that is not greater than the stored one changes nothing, so late and repeated calls do no harm. */
export async function advanceConsumer(
  session: Session,
  uuid: string,
  progress: { readonly seq: number; readonly position: Position; readonly now: number },
): Promise<void> {
  if (!(await isInstalled(session))) return;
  await session.query(
    `UPDATE ${own('consumer')} SET seq = $2, position = $3, updated_at = $4 WHERE uuid = $1 AND seq < $2`,
    [uuid, progress.seq, progress.position, Math.round(progress.now)],
  );
}
