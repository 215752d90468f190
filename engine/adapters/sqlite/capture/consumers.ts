/** `_cdc_consumer`: who reads the changes, and how far each is known to have come. */
import { asPosition, type Consumer, type Position } from '../../../model';
import { isInstalled } from './registry';
import type { Session } from '../database/session';
import { flagOf, numberOf, textOf } from '../database/values';

export function readConsumers(session: Session): readonly Consumer[] {
  if (!isInstalled(session)) return [];
  const tables = session.all('SELECT uuid, table_name FROM main._cdc_consumer_table ORDER BY table_name');
  return session
    .all('SELECT uuid, name, seq, position, suspended, updated_at FROM main._cdc_consumer ORDER BY uuid')
    .map(([uuid, name, seq, position, suspended, updatedAt]) => ({
      uuid: textOf(uuid),
      name: textOf(name),
      seq: numberOf(seq),
      position: asPosition(textOf(position)),
      suspended: flagOf(suspended),
      updatedAt: numberOf(updatedAt),
      tables: tables.filter(([reader]) => reader === uuid).map(([, table]) => textOf(table)),
    }));
}

export function readConsumer(session: Session, uuid: string): Consumer | null {
  return readConsumers(session).find((consumer) => consumer.uuid === uuid) ?? null;
}

/** Inserts or replaces a consumer with exactly these tables. */
export function writeConsumer(session: Session, consumer: Consumer): void {
  session.run(
    `INSERT INTO main._cdc_consumer (uuid, name, seq, position, suspended, updated_at) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (uuid) DO UPDATE SET name = excluded.name, seq = excluded.seq, position = excluded.position,
  suspended = excluded.suspended, updated_at = excluded.updated_at`,
    consumer.uuid,
    consumer.name,
    BigInt(consumer.seq),
    consumer.position,
    consumer.suspended,
    BigInt(Math.round(consumer.updatedAt)),
  );
  session.run('DELETE FROM main._cdc_consumer_table WHERE uuid = ?', consumer.uuid);
  for (const table of consumer.tables) {
    session.run(
      'INSERT INTO main._cdc_consumer_table (uuid, table_name) VALUES (?, ?)',
      consumer.uuid,
      table,
    );
  }
}

export function deleteConsumer(session: Session, uuid: string): void {
  session.run('DELETE FROM main._cdc_consumer_table WHERE uuid = ?', uuid);
  session.run('DELETE FROM main._cdc_consumer WHERE uuid = ?', uuid);
}

/** A seq that is not greater than the stored one changes nothing, so late and repeated calls do no harm. */
export function advanceConsumer(
  session: Session,
  uuid: string,
  progress: { readonly seq: number; readonly position: Position; readonly now: number },
): void {
  session.run(
    'UPDATE main._cdc_consumer SET seq = ?, position = ?, updated_at = ? WHERE uuid = ? AND seq < ?',
    BigInt(progress.seq),
    progress.position,
    BigInt(Math.round(progress.now)),
    uuid,
    BigInt(progress.seq),
  );
}
