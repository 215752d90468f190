/** Takes capture away: of one consumer, of tables that nobody consumes, and of all. */
import { displayName, type Consumer } from '../../../model';
import { dropObjects, own, withObjectsLock, type Session } from '../database';
import { deleteConsumer, readConsumer, readConsumers, writeConsumer } from './consumers';
import { MISSED } from './generation';
import { withShortLocks } from './locks';
import { SOURCE_OBJECTS } from './objects';
import { dropStatements } from './plan';
import { isInstalled, readCaptures, type Capture } from './registry';

/** Removes a consumer and what no other needs; our last objects go with the last consumer. */
export async function uninstall(session: Session, uuid: string): Promise<void> {
  if (!(await isInstalled(session))) return;
  await withObjectsLock(session, async () => {
    if (!(await isInstalled(session))) return;
    await session.transaction('read committed', () => deleteConsumer(session, uuid));
    await dropUnused(session);
    if ((await readConsumers(session)).length > 0) return;
    await session.transaction('read committed', () => dropObjects(session, SOURCE_OBJECTS));
  });
}

/** Ends capture of the tables that only this consumer reads (or others that are suspended), and marks it. */
export async function suspend(session: Session, uuid: string): Promise<void> {
  if (!(await isInstalled(session))) return;
  await withObjectsLock(session, async () => {
    const consumer = await readConsumer(session, uuid);
    if (consumer === null || consumer.suspended) return;
    const consumers = await readConsumers(session);
    const others = consumers.filter((other) => other.uuid !== uuid && !other.suspended);
    for (const capture of (await readCaptures(session)).values()) {
      if (capture.suspended || !isConsumed(capture, [consumer]) || isConsumed(capture, others)) continue;
      await withShortLocks(session, async () => {
        for (const sql of await dropStatements(session, capture)) await session.execute(sql);
        await session.query(`DELETE FROM ${own('generation')} WHERE relid = $1`, [capture.relid]);
        await session.query(`UPDATE ${own('capture')} SET suspended = true WHERE relid = $1`, [
          capture.relid,
        ]);
      });
    }
    await session.transaction('read committed', () =>
      writeConsumer(session, { ...consumer, suspended: true }),
    );
  });
}

export async function unusedCaptures(session: Session): Promise<readonly Capture[]> {
  const consumers = await readConsumers(session);
  return [...(await readCaptures(session)).values()].filter((capture) => !isConsumed(capture, consumers));
}

/** Removes capture that nobody consumes, each in a transaction of its own. */
export async function dropUnused(session: Session): Promise<void> {
  for (const capture of await unusedCaptures(session)) {
    await withShortLocks(session, async () => {
      for (const sql of await dropStatements(session, capture)) await session.execute(sql);
      await session.query(`DELETE FROM ${MISSED} WHERE relid = $1`, [capture.relid]);
      await session.query(`DELETE FROM ${own('generation')} WHERE relid = $1`, [capture.relid]);
      await session.query(`DELETE FROM ${own('capture')} WHERE relid = $1`, [capture.relid]);
    });
  }
}

function isConsumed({ table }: Capture, consumers: readonly Consumer[]): boolean {
  return consumers.some((consumer) => consumer.tables.includes(displayName(table)));
}
