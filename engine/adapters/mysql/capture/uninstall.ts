/** Takes capture off tables. */
import { dropObjects, own, withObjectsLock, type Session } from '../database';
import { readReferences } from '../schema/catalog';
import { deleteConsumer, readConsumer, readConsumers, writeConsumer } from './consumers';
import { SOURCE_OBJECTS } from './objects';
import { deleteCapture, isInstalled, readCaptures, writeCapture, type Capture } from './registry';
import {
  digestOf,
  readOwnTriggers,
  runSwap,
  swapStatements,
  triggersFor,
  triggerSwaps,
  wantedTriggers,
} from './triggers';

/** Removes a consumer, the capture of tables that no other consumes, and our last objects with the last consumer. */
export async function uninstall(session: Session, uuid: string): Promise<void> {
  if (!(await isInstalled(session))) return;
  await withObjectsLock(session, async () => {
    await session.transaction('write', () => deleteConsumer(session, uuid));
    await dropUnused(session);
    if ((await readConsumers(session)).length === 0) await dropObjects(session, SOURCE_OBJECTS);
  });
}

/** Captures that no consumer names. */
export async function unusedCaptures(session: Session): Promise<readonly Capture[]> {
  const used = new Set((await readConsumers(session)).flatMap(({ tables }) => tables));
  return [...(await readCaptures(session)).values()].filter(({ table }) => !used.has(table));
}

/** To be called with the objects' lock. */
export async function dropUnused(session: Session): Promise<void> {
  const unused = await unusedCaptures(session);
  if (unused.length === 0) return;
  await endCapture(session, unused);
  for (const { table } of unused) await deleteCapture(session, table);
}

/** Ends capture for a consumer's tables that no other consumes, drops their changes, marks the consumer. */
export async function suspend(session: Session, uuid: string): Promise<void> {
  if (!(await isInstalled(session))) return;
  await withObjectsLock(session, async () => {
    const consumer = await readConsumer(session, uuid);
    if (consumer === null || consumer.suspended) return;
    const others = new Set(
      (await readConsumers(session)).flatMap((other) =>
        other.uuid === uuid || other.suspended ? [] : other.tables,
      ),
    );
    const ended = [...(await readCaptures(session)).values()].filter(
      ({ table, suspended }) => !suspended && consumer.tables.includes(table) && !others.has(table),
    );
    for (const capture of ended) await writeCapture(session, { ...capture, suspended: true, triggers: [] });
    await session.transaction('write', () => writeConsumer(session, { ...consumer, suspended: true }));
    await endCapture(session, ended);
  });
}

/** Drops triggers and change tables of these captures, and what only they needed on other tables. */
async function endCapture(session: Session, ended: readonly Capture[]): Promise<void> {
  const gone = new Set(ended.map(({ table }) => table));
  const left = [...(await readCaptures(session)).values()].filter(
    ({ table, suspended }) => !suspended && !gone.has(table),
  );
  const wanted = wantedTriggers(session, left, await readReferences(session));
  const found = await readOwnTriggers(session);
  const recorded = new Map(
    left.flatMap(({ triggers }) => triggers.map(({ name, digest }) => [name, digest])),
  );
  // What others need and lack is a hole of theirs, which only an installation may mend, since it says so.
  const isWhole = (name: string): boolean => {
    const now = found.get(name);
    return now !== undefined && digestOf(now) === recorded.get(name);
  };
  const replaced = new Set<string>();
  for (const { table, drop, create } of triggerSwaps(wanted, found)) {
    const again = create.filter(({ name }) => isWhole(name));
    const names = drop.filter(
      (name) => !recorded.has(name) || again.some((trigger) => trigger.name === name),
    );
    for (const { name } of again) replaced.add(name);
    const statements = swapStatements(session, { table, drop: names, create: again }, []);
    if (statements.length > 0) await runSwap(session, statements, table);
  }
  for (const { changeTable } of ended)
    await session.execute(`DROP TABLE IF EXISTS ${own(session, changeTable)}`);
  for (const capture of left) {
    const now = triggersFor(capture.table, wanted);
    const triggers = capture.triggers.map(
      (trigger) =>
        (replaced.has(trigger.name) ? now.find(({ name }) => name === trigger.name) : null) ?? trigger,
    );
    if (replaced.size > 0) await writeCapture(session, { ...capture, triggers });
  }
}
