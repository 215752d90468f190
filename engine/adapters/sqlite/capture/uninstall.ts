/** Takes capture away: of one consumer, of tables that nobody consumes, and of all. */
import type { Consumer } from '../../../model';
import { deleteCapture, isInstalled, readCaptures, writeCapture, type Capture } from './registry';
import { dropTriggers } from './plan';
import { deleteConsumer, readConsumer, readConsumers, writeConsumer } from './consumers';
import { markGap, readHead, SOURCE_META } from './counter';
import { quote } from '../database/identifiers';
import { dropObjects, SOURCE_OBJECTS } from '../database/objects';
import type { Session } from '../database/session';
import { readSource, writeSource } from '../source/transaction';

/** Removes a consumer and what no other needs; our last objects go with the last consumer. */
export function uninstall(session: Session, uuid: string): void {
  if (!readSource(session, () => isInstalled(session))) return;
  writeSource(session, () => {
    if (!isInstalled(session)) return;
    deleteConsumer(session, uuid);
    dropUnused(session);
    if (readConsumers(session).length === 0) dropObjects(session, SOURCE_OBJECTS, SOURCE_META);
  });
}

/** Ends capture of the tables that only this consumer reads (or others that are suspended), and marks it. */
export function suspend(session: Session, uuid: string): void {
  writeSource(session, () => {
    const consumer = readConsumer(session, uuid);
    if (consumer === null || consumer.suspended) return;
    const others = readConsumers(session).filter((other) => other.uuid !== uuid && !other.suspended);
    for (const capture of readCaptures(session).values()) {
      if (!consumer.tables.includes(capture.table) || isConsumed(capture, others)) continue;
      dropCapture(session, capture);
      writeCapture(session, { ...capture, suspended: true, triggers: {}, floor: readHead(session).id });
    }
    writeConsumer(session, { ...consumer, suspended: true });
    markGap(session);
  });
}

export function unusedCaptures(session: Session): readonly Capture[] {
  const consumers = readConsumers(session);
  return [...readCaptures(session).values()].filter((capture) => !isConsumed(capture, consumers));
}

/** Removes capture that nobody consumes. Inside a write transaction. */
export function dropUnused(session: Session): void {
  const unused = unusedCaptures(session);
  for (const capture of unused) {
    dropCapture(session, capture);
    deleteCapture(session, capture.table);
  }
  if (unused.length > 0) markGap(session);
}

function isConsumed({ table }: Capture, consumers: readonly Consumer[]): boolean {
  return consumers.some((consumer) => consumer.tables.includes(table));
}

function dropCapture(session: Session, capture: Capture): void {
  for (const sql of dropTriggers(session, capture)) session.db.exec(sql);
  session.db.exec(`DROP TABLE IF EXISTS main.${quote(capture.changeTable)}`);
}
