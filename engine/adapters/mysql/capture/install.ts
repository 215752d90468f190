/** Puts capture on tables: what is missing is planned as SQL first, so that what is shown is what is run. */
import { randomUUID } from 'node:crypto';
import { CdcError } from '../../../errors';
import { displayName, type Consumer, type NewConsumer, type PlanStep, type TableName } from '../../../model';
import {
  migrate,
  missingObjects,
  own,
  readMeta,
  withObjectsLock,
  writeMeta,
  type Session,
} from '../database';
import { requireTable } from '../schema/tables';
import { cascadeRefusal } from './cascades';
import { readConsumers, writeConsumer } from './consumers';
import { readHead } from './head';
import { SOURCE_ID, SOURCE_OBJECTS } from './objects';
import { planTable, type TablePlan } from './plan';
import { encodePosition, NOTHING_READ } from './position';
import { isInstalled, nextEpoch, readCaptures, writeCapture, type Capture } from './registry';
import { requireSound } from './server';
import { BROKEN, identitiesOf, readState, type SourceState } from './state';
import {
  runSwap,
  swapStatements,
  triggersFor,
  triggerSwaps,
  wantedTriggers,
  type TriggerSwap,
  type WantedTrigger,
} from './triggers';
import { dropUnused, unusedCaptures } from './uninstall';

interface InstallPlan {
  readonly tables: readonly TablePlan[];
  readonly wanted: readonly WantedTrigger[];
  readonly swaps: readonly TriggerSwap[];
}

/** The statements that `install` would run now. Throws what `install` throws. */
export async function planCapture(
  session: Session,
  tables: readonly TableName[],
): Promise<readonly PlanStep[]> {
  const step =
    (table: string | null) =>
    (sql: string): PlanStep => ({ on: 'source', table, sql });
  const objects = (await missingObjects(session, SOURCE_OBJECTS)).map(step(null));
  const plan = await planInstall(session, tables, false);
  const changes = changeTablesOf(plan);
  return [
    ...objects,
    ...plan.tables.flatMap(({ table, statements }) => statements.map(step(table))),
    ...plan.swaps.flatMap((swap) => swapStatements(session, swap, changes(swap.table)).map(step(swap.table))),
  ];
}

async function planInstall(
  session: Session,
  tables: readonly TableName[],
  leaveSuspended: boolean,
): Promise<InstallPlan> {
  const captures = (await isInstalled(session)) ? await readCaptures(session) : new Map<string, Capture>();
  const state = await readState(session, captures);
  const plans: TablePlan[] = [];
  for (const name of tables) {
    const table = displayName(name);
    const detail = await requireTable(session, name);
    const refusal = cascadeRefusal(table, detail.key.columns, state.references, session.database);
    if (refusal !== null) {
      throw new CdcError(refusal.code, `Table ${table}: ${refusal.reason}`, { table, hint: refusal.remedy });
    }
    if (leaveSuspended && captures.get(table)?.suspended === true) continue;
    plans.push(await withResyncHole(session, planTable(session, detail, state)));
  }
  const wanted = wantedTriggers(session, capturedAfter(plans, state), state.references);
  return { tables: plans, wanted, swaps: triggerSwaps(wanted, state.triggers) };
}

/** What is captured once these plans are carried out. */
function capturedAfter(
  plans: readonly TablePlan[],
  { captures }: SourceState,
): readonly Pick<Capture, 'table' | 'changeTable' | 'columns'>[] {
  const planned = new Set(plans.map(({ table }) => table));
  const others = [...captures.values()].filter(({ table, suspended }) => !suspended && !planned.has(table));
  return [...others, ...plans];
}

/** A trigger that could not log even a key leaves a hole: the table needs a resync, as for any other hole. */
async function withResyncHole(session: Session, plan: TablePlan): Promise<TablePlan> {
  if (plan.fresh || plan.hole || plan.known === null) return plan;
  const row = await session.first(
    `SELECT COALESCE(MAX(id), 0) FROM ${own(session, plan.changeTable)} WHERE op = '!' AND id > ?`,
    [BigInt(plan.known.resyncId)],
  );
  return Number(row?.[0]) === 0 ? plan : { ...plan, hole: true };
}

/** The change table of a table that is captured itself. */
function changeTablesOf({ tables }: InstallPlan): (table: string) => readonly string[] {
  const byTable = new Map(tables.map(({ table, changeTable }) => [table, changeTable]));
  return (table) => [byTable.get(table) ?? []].flat();
}

/**
 * Captures `tables` for a consumer, which consumes exactly these from then on. Capture that had holes is made whole
 * and remembers since when; capture that nobody consumes any more is removed. Repeated, it writes nothing.
 *
 * DDL commits by itself: a capture counts as broken from before its triggers are touched until all of them are there,
 * so that an installation which was cut short leaves a hole that is seen. Throws TABLE_UNKNOWN, KEY_MISSING,
 * TABLE_UNSUPPORTED, PRIVILEGE_MISSING, OBJECTS_TOO_NEW, DATABASE_LOCKED and the database codes.
 */
export async function install(
  session: Session,
  tables: readonly TableName[],
  wanted: NewConsumer,
): Promise<Consumer> {
  await requireSound(session);
  const settled = await settledConsumer(session, tables, wanted);
  if (settled !== null) return settled;
  return withObjectsLock(session, async () => {
    await migrate(session, SOURCE_OBJECTS);
    if ((await sourceId(session)) === null) await writeMeta(session, SOURCE_ID, randomUUID());
    const known = (await readConsumers(session)).find(({ uuid }) => uuid === wanted.uuid);
    const kept = known === undefined || wanted.reset ? null : known;
    await captureTables(session, await planInstall(session, tables, kept?.suspended === true));
    const consumer: Consumer =
      kept === null
        ? {
            uuid: wanted.uuid,
            name: wanted.name,
            seq: 0,
            position: encodePosition(await readHead(session)),
            suspended: false,
            updatedAt: wanted.now,
            tables: sorted(tables),
          }
        : { ...kept, name: wanted.name, tables: sorted(tables) };
    await session.transaction('write', () => writeConsumer(session, consumer));
    await dropUnused(session);
    return consumer;
  });
}

/** The consumer as it is when there is nothing to be done. */
async function settledConsumer(
  session: Session,
  tables: readonly TableName[],
  wanted: NewConsumer,
): Promise<Consumer | null> {
  if (wanted.reset || (await missingObjects(session, SOURCE_OBJECTS)).length > 0) return null;
  const consumer = (await readConsumers(session)).find(({ uuid }) => uuid === wanted.uuid);
  if (consumer === undefined || consumer.suspended || consumer.name !== wanted.name) return null;
  if (consumer.tables.join('\0') !== sorted(tables).join('\0')) return null;
  const plan = await planInstall(session, tables, false);
  const idle =
    plan.swaps.length === 0 &&
    plan.tables.every(({ statements, hole }) => statements.length === 0 && !hole) &&
    (await unusedCaptures(session)).length === 0;
  return idle ? consumer : null;
}

function sorted(tables: readonly TableName[]): readonly string[] {
  return tables
    .map(displayName)
    .toSorted((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
}

async function captureTables(session: Session, plan: InstallPlan): Promise<void> {
  const { tables, wanted, swaps } = plan;
  const touched = new Set(swaps.map(({ table }) => table));
  const changed = tables.filter(
    ({ table, statements, hole, fresh }) => fresh || hole || statements.length > 0 || touched.has(table),
  );
  for (const one of changed) {
    // What has no hole so far must not get one by being made wider.
    if (one.fresh || one.hole) await recordCapture(session, one, [], 0, BROKEN);
    for (const sql of one.statements) await session.execute(sql, [], { table: one.table });
  }
  const changes = changeTablesOf(plan);
  const identities = new Map<string, string>();
  for (const swap of swaps) {
    const one = changed.find(({ table }) => table === swap.table);
    await runSwap(session, swapStatements(session, swap, changes(swap.table)), swap.table, async () => {
      if (one === undefined) return;
      const identity = (await identitiesOf(session, [one])).get(one.table);
      identities.set(one.table, identity ?? '');
    });
  }
  const needsEpoch = changed.some(
    ({ fresh, hole, added, doubtful }) => fresh || hole || doubtful || added.length > 0,
  );
  const epoch = needsEpoch ? await nextEpoch(session) : 0;
  for (const one of changed) {
    const identity = identities.get(one.table) ?? (await identitiesOf(session, [one])).get(one.table) ?? '';
    const isKept = !one.fresh && !one.hole && one.known !== null;
    await recordCapture(
      session,
      one,
      wanted,
      epoch,
      isKept && one.statements.length === 0 ? one.known.identity : identity,
    );
  }
  await recordTriggers(session, wanted);
}

async function recordCapture(
  session: Session,
  { table, known, changeTable, columns, fresh, hole, added, doubtful }: TablePlan,
  wanted: readonly WantedTrigger[],
  epoch: number,
  identity: string,
): Promise<void> {
  const resync =
    identity === BROKEN || fresh
      ? null
      : await session.first(`SELECT COALESCE(MAX(id), 0) FROM ${own(session, changeTable)} WHERE op = '!'`);
  const record: Omit<Capture, 'id'> = {
    table,
    changeTable,
    suspended: false,
    columns: columns.map((column) => (added.includes(column.name) ? { ...column, since: epoch } : column)),
    triggers: triggersFor(table, wanted),
    server: session.server,
    identity,
    floor: fresh ? NOTHING_READ : (known?.floor ?? NOTHING_READ),
    started: fresh ? epoch : (known?.started ?? epoch),
    wholeSince: hole ? epoch : (known?.wholeSince ?? 0),
    rereadBefore: doubtful ? epoch : fresh ? 0 : (known?.rereadBefore ?? 0),
    resyncId: Math.max(Number(resync?.[0] ?? 0), fresh ? 0 : (known?.resyncId ?? 0)),
  };
  await session.transaction('write', async () => {
    // A change table that is made anew counts from 1 again: positions must not take its ids for those of the old one.
    if (fresh && identity === BROKEN) {
      await session.execute(`DELETE FROM ${own(session, '_cdc_capture')} WHERE table_name = ?`, [table]);
    }
    await writeCapture(session, record);
  });
}

/** Captures that were not planned for can have got a cascade that they did not have. */
async function recordTriggers(session: Session, wanted: readonly WantedTrigger[]): Promise<void> {
  for (const capture of (await readCaptures(session)).values()) {
    const triggers = triggersFor(capture.table, wanted);
    if (capture.suspended || JSON.stringify(triggers) === JSON.stringify(capture.triggers)) continue;
    await writeCapture(session, { ...capture, triggers });
  }
}

/** Identity of this database, made by `install`; null before. */
export async function sourceId(session: Session): Promise<string | null> {
  return readMeta(session, SOURCE_ID);
}
