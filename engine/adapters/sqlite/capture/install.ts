/** Puts capture on tables: what is missing is planned as SQL first, so that what is shown is what is run. */
import { randomUUID } from 'node:crypto';
import {
  consumesJust,
  installedConsumer,
  type Consumer,
  type NewConsumer,
  type PlanStep,
} from '../../../model';
import { readCaptures, writeCapture, type Capture } from './registry';
import { planTable, type TablePlan } from './plan';
import { readConsumer, readConsumers, writeConsumer } from './consumers';
import { readHead, readHeadPosition, SOURCE_ID, takeId } from './counter';
import { migrate, missingObjects, readMeta, SOURCE_OBJECTS, writeMeta } from '../database/objects';
import { encodePosition } from './position';
import { requireTable } from '../schema/schema';
import type { Session } from '../database/session';
import { readSource, writeSource } from '../source/transaction';
import { dropUnused, unusedCaptures } from './uninstall';
import { textOrNull } from '../database/values';

/** The statements that `install` would run now. Throws what `install` throws. */
export function planCapture(session: Session, tables: readonly string[]): readonly PlanStep[] {
  return readSource(session, () => [
    ...missingObjects(session, SOURCE_OBJECTS).map((sql): PlanStep => ({ on: 'source', table: null, sql })),
    ...planTables(session, tables).flatMap(({ table, statements }) =>
      statements.map((sql): PlanStep => ({ on: 'source', table, sql })),
    ),
  ]);
}

/**
 * Captures `tables` for a consumer, which consumes exactly these from then on. Capture that had holes is made whole
 * and remembers since when; capture that nobody consumes any more is removed. Repeated, it writes nothing.
 *
 * Throws TABLE_UNKNOWN, KEY_MISSING, TABLE_UNSUPPORTED, OBJECTS_TOO_NEW and the database codes.
 */
export function install(session: Session, tables: readonly string[], wanted: NewConsumer): Consumer {
  const settled = readSource(session, () => settledConsumer(session, tables, wanted));
  if (settled !== null) return settled;
  return writeSource(session, () => {
    migrate(session, SOURCE_OBJECTS);
    if (sourceId(session) === null) writeMeta(session, SOURCE_ID, randomUUID());
    const known = readConsumer(session, wanted.uuid);
    const kept = known === null || wanted.reset ? null : known;
    capture(session, planTables(session, tables, kept?.suspended === true));
    const head = encodePosition(readHeadPosition(session));
    const consumer = installedConsumer(wanted, kept, head, tables);
    writeConsumer(session, consumer);
    dropUnused(session);
    return consumer;
  });
}

/** The consumer as it is when there is nothing to be done. */
function settledConsumer(session: Session, tables: readonly string[], wanted: NewConsumer): Consumer | null {
  if (wanted.reset || missingObjects(session, SOURCE_OBJECTS).length > 0) return null;
  const consumer = readConsumers(session).find(({ uuid }) => uuid === wanted.uuid);
  if (consumer === undefined || consumer.name !== wanted.name) return null;
  if (!consumesJust(consumer, tables)) return null;
  const planned = planTables(session, tables, consumer.suspended);
  const idle =
    planned.every(({ statements }) => statements.length === 0) && unusedCaptures(session).length === 0;
  return idle ? consumer : null;
}

/** `leaveSuspended`: tables whose capture was ended for its backlog stay so until a resync. */
function planTables(
  session: Session,
  tables: readonly string[],
  leaveSuspended = false,
): readonly TablePlan[] {
  const captures = readCaptures(session);
  const taken = new Set([...captures.values()].map(({ changeTable }) => changeTable));
  return tables.flatMap((table): TablePlan[] => {
    const known = captures.get(table) ?? null;
    if (leaveSuspended && known?.suspended === true) return [];
    const plan = planTable(session, requireTable(session, table), known, taken);
    taken.add(plan.changeTable);
    return [plan];
  });
}

function capture(session: Session, plans: readonly TablePlan[]): void {
  const changed = plans.filter(({ statements }) => statements.length > 0);
  for (const { statements } of changed) {
    for (const sql of statements) session.db.exec(sql);
  }
  const started = readHead(session).id;
  // Whoever has read all there was before this moment has missed something, too: so the moment gets an id.
  const since = changed.some(({ hole, added }) => hole || added.length > 0) ? takeId(session) : started;
  for (const plan of changed) {
    const { known, fresh } = plan;
    const record: Capture = {
      table: plan.table,
      changeTable: plan.changeTable,
      suspended: false,
      columns: plan.columns.map((column) =>
        plan.added.includes(column.name) ? { ...column, since } : column,
      ),
      triggers: plan.triggers,
      guards: plan.guards,
      floor: fresh ? 0 : (known?.floor ?? 0),
      started: fresh ? since : (known?.started ?? since),
      wholeSince: plan.hole ? since : (known?.wholeSince ?? 0),
    };
    writeCapture(session, record);
  }
}

/** Identity of this database, made by `install`; null before. */
export function sourceId(session: Session): string | null {
  return textOrNull(readMeta(session, SOURCE_ID)?.[0]);
}
