/** Puts capture on tables: what is missing is planned as SQL first, so that what is shown is what is run. */
import { randomUUID } from 'node:crypto';
import {
  consumesJust,
  displayName,
  installedConsumer,
  type Consumer,
  type NewConsumer,
  type PlanStep,
  type TableName,
} from '../../../model';
import {
  migrate,
  missingObjects,
  own,
  qualify,
  readMeta,
  withObjectsLock,
  writeMeta,
  type Session,
} from '../database';
import { requireTable } from '../schema/tables';
import { readConsumers, writeConsumer } from './consumers';
import { CAPTURED_COLUMNS_SQL, MISSED } from './generation';
import { readHead } from './head';
import { withShortLocks } from './locks';
import { followsDdl, missingDdlTrigger, signatureOf, SOURCE_ID, SOURCE_OBJECTS } from './objects';
import { planTable, requireOwner, type TablePlan } from './plan';
import { encodePosition } from './position';
import { latestOf, readCaptures } from './registry';
import { dropUnused, unusedCaptures } from './uninstall';

/** The statements that `install` would run now. Throws what `install` throws. */
export async function planCapture(
  session: Session,
  tables: readonly TableName[],
): Promise<readonly PlanStep[]> {
  const objects = [
    ...(await missingObjects(session, SOURCE_OBJECTS)),
    ...(await missingDdlTrigger(session)),
  ].map((sql): PlanStep => ({ on: 'source', table: null, sql }));
  const guarded = !(await followsDdl(session));
  const captures = await readCaptures(session);
  const steps = [...objects];
  const promised = new Set<string>();
  for (const table of tables) {
    const id = displayName(table);
    const detail = await requireTable(session, table);
    const known = captures.get(id) ?? null;
    const { statements, triggers, names } = await planTable(session, detail, known, guarded, promised);
    promised.add(names.baseName);
    steps.push(...[...statements, ...triggers].map((sql): PlanStep => ({ on: 'source', table: id, sql })));
  }
  return steps;
}

/**
 * Captures `tables` for a consumer, which consumes exactly these from then on. Capture that had holes is made whole
 * and remembers since when; capture that nobody consumes any more is removed. Repeated, it writes nothing.
 *
 * Each table has a transaction of its own, so that writers of one don't wait for the next; the consumer's position is
 * taken after the last. Throws TABLE_UNKNOWN, KEY_MISSING, TABLE_UNSUPPORTED, PRIVILEGE_MISSING, OBJECTS_TOO_NEW,
 * DATABASE_LOCKED and the database codes.
 */
export async function install(
  session: Session,
  tables: readonly TableName[],
  wanted: NewConsumer,
  onTable: (done: number) => void = () => undefined,
): Promise<Consumer> {
  const settled = await settledConsumer(session, tables, wanted);
  if (settled !== null) return settled;
  return withObjectsLock(session, async () => {
    await session.transaction('read committed', async () => {
      await migrate(session, SOURCE_OBJECTS);
      for (const sql of await missingDdlTrigger(session)) await session.execute(sql);
      if ((await sourceId(session)) === null) await writeMeta(session, SOURCE_ID, randomUUID());
    });
    const known = (await readConsumers(session)).find(({ uuid }) => uuid === wanted.uuid);
    const kept = known === undefined || wanted.reset ? null : known;
    const guarded = !(await followsDdl(session));
    for (const [place, table] of tables.entries()) {
      await captureTable(session, table, guarded, kept?.suspended === true);
      onTable(place + 1);
    }
    const head = encodePosition(await readHead(session));
    const consumer = installedConsumer(wanted, kept, head, tables.map(displayName));
    await session.transaction('read committed', () => writeConsumer(session, consumer));
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
  if (!consumesJust(consumer, tables.map(displayName))) return null;
  const idle =
    (await planCapture(session, tables)).length === 0 && (await unusedCaptures(session)).length === 0;
  return idle ? consumer : null;
}

/** `leaveSuspended`: a table whose capture was ended for its backlog stays so until a resync. */
async function captureTable(
  session: Session,
  table: TableName,
  guarded: boolean,
  leaveSuspended: boolean,
): Promise<void> {
  const id = displayName(table);
  const look = async (): Promise<TablePlan | null> => {
    const detail = await requireTable(session, table);
    const known = (await readCaptures(session, [detail.schema.name])).get(id) ?? null;
    if (leaveSuspended && known?.suspended === true) return null;
    return planTable(session, detail, known, guarded);
  };
  const first = await look();
  if (first === null || first.kind === 'none') return;
  await requireOwner(session, first.detail);
  await withShortLocks(session, async () => {
    // No writer is in between: what was committed before is no change, what comes after is one.
    await session.execute(`LOCK TABLE ${qualify(table)} IN SHARE ROW EXCLUSIVE MODE`, { table: id });
    const plan = await look();
    if (plan === null || plan.kind === 'none') return;
    for (const sql of plan.statements) await session.execute(sql, { table: id });
    await recordCapture(session, plan);
    for (const sql of plan.triggers) await session.execute(sql, { table: id });
  });
}

async function recordCapture(session: Session, plan: TablePlan): Promise<void> {
  const { detail, known, kind, names, changeTable, hole } = plan;
  const { schema, name } = detail.schema.name;
  const latest = known === null || known.suspended || kind === 'fresh' ? null : latestOf(known);
  if (kind === 'fresh' && known !== null) {
    await session.query(`DELETE FROM ${own('capture')} WHERE relid = $1`, [known.relid]);
    await session.query(`DELETE FROM ${own('generation')} WHERE relid = $1`, [known.relid]);
  }
  const relids = [[detail.oid, known?.relid ?? detail.oid]];
  await session.query(`DELETE FROM ${MISSED} WHERE relid = ANY ($1::oid[])`, relids);
  await session.query(
    `INSERT INTO ${own('capture')}
  (relid, schema_name, table_name, base_name, function_name, key_columns, row_level, guarded, signature, whole_since)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, ${signatureOf('$1::oid')}, CASE WHEN $9 THEN pg_current_xact_id() END)
ON CONFLICT (relid) DO UPDATE SET guarded = excluded.guarded, signature = excluded.signature,
  whole_since = coalesce(excluded.whole_since, capture.whole_since)`,
    [
      detail.oid,
      schema,
      name,
      names.baseName,
      names.functionName,
      detail.keyNumbers.map(String),
      detail.rowLevel,
      plan.guarded,
      hole,
    ],
  );
  if (latest?.changeTable === changeTable) return;
  await session.query(
    `INSERT INTO ${own('generation')} (relid, number, change_table, columns) SELECT $1, $3, $4, (${CAPTURED_COLUMNS_SQL})`,
    [detail.oid, detail.keyNumbers.map(String), (latest?.number ?? 0) + 1, changeTable],
  );
}

/** Identity of this database, made by `install`; null before. */
export async function sourceId(session: Session): Promise<string | null> {
  return readMeta(session, SOURCE_ID);
}
