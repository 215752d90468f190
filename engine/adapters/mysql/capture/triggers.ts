/** Which triggers of ours a database should have, which it has, and how the ones become the others without a gap. */
import { createHash } from 'node:crypto';
import { CdcError, isCdcError } from '../../../errors';
import { OWN_PREFIX, own, quote, type Session } from '../database';
import { cascadesFrom, cascadingParents, type References } from './cascades';
import { shortName } from './columns';
import type { Capture, CapturedTrigger } from './registry';
import { cascadeTrigger, deleteTrigger, insertTrigger, updateTrigger, type ChangeLog } from './trigger-text';

export interface OwnTrigger {
  readonly table: string;
  readonly name: string;
  readonly timing: 'BEFORE' | 'AFTER';
  readonly event: 'INSERT' | 'UPDATE' | 'DELETE';
  readonly body: string;
}

export interface WantedTrigger extends OwnTrigger {
  /** Captured tables that miss changes without it. */
  readonly serves: readonly string[];
}

type LoggedTable = Pick<Capture, 'table' | 'changeTable' | 'columns'>;

/** The triggers that capture of these tables takes. */
export function wantedTriggers(
  session: Session,
  captured: readonly LoggedTable[],
  references: References,
): readonly WantedTrigger[] {
  const logs = new Map(
    captured.map(({ table, changeTable, columns }): [string, ChangeLog] => [
      table,
      { table, changes: own(session, changeTable), columns },
    ]),
  );
  const parents = new Set(
    captured.flatMap(({ table }) => [table, ...cascadingParents(table, references, session.database)]),
  );
  return [...parents].sort().flatMap((table) => {
    const log = logs.get(table);
    return [
      ...(log === undefined ? [] : rowTriggers(log)),
      ...cascadeTriggers(session, table, references, logs),
    ];
  });
}

/** Names of tables that differ in case or accents alone make one name of a trigger on MySQL: a digest tells them apart. */
function triggerName(kind: string, table: string): string {
  const plain = /^[a-z0-9_]+$/.test(table);
  return shortName(`${OWN_PREFIX}${kind}_${table}`, { digest: plain ? null : table });
}

function rowTriggers(log: ChangeLog): readonly WantedTrigger[] {
  const { table } = log;
  const trigger = (event: OwnTrigger['event'], body: string): WantedTrigger => ({
    table,
    name: triggerName(event.toLowerCase(), table),
    timing: 'AFTER',
    event,
    body: marked(body),
    serves: [table],
  });
  return [
    trigger('INSERT', insertTrigger(log)),
    trigger('UPDATE', updateTrigger(log)),
    trigger('DELETE', deleteTrigger(log)),
  ];
}

function cascadeTriggers(
  session: Session,
  table: string,
  references: References,
  logs: ReadonlyMap<string, ChangeLog>,
): readonly WantedTrigger[] {
  const paths = cascadesFrom(table, references, (name) => logs.has(name), session.database);
  const logOf = (name: string): ChangeLog => {
    const log = logs.get(name);
    if (log === undefined) throw new CdcError('INTERNAL', `Table ${name} is not captured`, { table: name });
    return log;
  };
  return (['delete', 'update'] as const).flatMap((event): readonly WantedTrigger[] => {
    const these = paths.filter((path) => path.event === event);
    if (these.length === 0) return [];
    return [
      {
        table,
        name: triggerName(`cascade_${event}`, table),
        timing: 'BEFORE',
        event: event === 'delete' ? 'DELETE' : 'UPDATE',
        body: marked(cascadeTrigger(these, logOf, table)),
        serves: [...new Set(these.flatMap(({ steps }) => steps.at(-1)?.table ?? []))],
      },
    ];
  });
}

/** Triggers of ours that are there, by name. */
export async function readOwnTriggers(session: Session): Promise<ReadonlyMap<string, OwnTrigger>> {
  const rows = await session.query(
    `SELECT EVENT_OBJECT_TABLE, TRIGGER_NAME, ACTION_TIMING, EVENT_MANIPULATION, ACTION_STATEMENT
FROM information_schema.TRIGGERS
WHERE TRIGGER_SCHEMA = ? AND LEFT(TRIGGER_NAME, ${OWN_PREFIX.length}) = '${OWN_PREFIX}'`,
    [session.database],
  );
  return new Map(
    rows.map(([table, name, timing, event, body]) => [
      String(name),
      {
        table: String(table),
        name: String(name),
        timing: timing === 'BEFORE' ? 'BEFORE' : 'AFTER',
        event: event === 'INSERT' ? 'INSERT' : event === 'UPDATE' ? 'UPDATE' : 'DELETE',
        body: String(body),
      },
    ]),
  );
}

/** MySQL shows a body in which a name has a backtick otherwise than it was written: such a body says what it is. */
const MARK = /^BEGIN \/\* ([\w+/=]+) \*\//;

function marked(body: string): string {
  return body.includes('``') ? body.replace(/^BEGIN/, `BEGIN /* ${hash(body)} */`) : body;
}

export function digestOf({ table, timing, event, body }: OwnTrigger): string {
  return hash([table, timing, event, MARK.exec(body)?.[1] ?? body].join('\0'));
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}

/** Those that a captured table needs, as they are recorded. */
export function triggersFor(table: string, wanted: readonly WantedTrigger[]): readonly CapturedTrigger[] {
  return wanted
    .filter(({ serves }) => serves.includes(table))
    .map((trigger) => ({ table: trigger.table, name: trigger.name, digest: digestOf(trigger) }));
}

/** What has to be done to the triggers of one table. */
export interface TriggerSwap {
  readonly table: string;
  readonly drop: readonly string[];
  readonly create: readonly WantedTrigger[];
}

/** None for tables whose triggers are as they should be. */
export function triggerSwaps(
  wanted: readonly WantedTrigger[],
  found: ReadonlyMap<string, OwnTrigger>,
): readonly TriggerSwap[] {
  const isRight = (trigger: WantedTrigger): boolean => {
    const now = found.get(trigger.name);
    return now !== undefined && digestOf(now) === digestOf(trigger);
  };
  const create = wanted.filter((trigger) => !isRight(trigger));
  const kept = new Set(wanted.filter(isRight).map(({ name }) => name));
  const drop = [...found.values()].filter(({ name }) => !kept.has(name));
  const tables = [...new Set([...drop, ...create].map(({ table }) => table))].sort();
  const swaps = tables.map((table) => ({
    table,
    drop: drop.filter((trigger) => trigger.table === table).map(({ name }) => name),
    create: create.filter((trigger) => trigger.table === table),
  }));
  // A table that was renamed has taken the triggers along, and their names with them.
  return [
    ...swaps.filter((swap) => swap.create.length === 0),
    ...swaps.filter((swap) => swap.create.length > 0),
  ];
}

/** The statements of a swap. Without the lock, changes would be lost or logged twice between them. */
export function swapStatements(
  session: Session,
  { table, drop, create }: TriggerSwap,
  changeTables: readonly string[],
): readonly string[] {
  const statements = [
    ...drop.map((name) => `DROP TRIGGER IF EXISTS ${quote(session.database)}.${quote(name)}`),
    ...create.map(
      ({ name, timing, event, body }) =>
        `CREATE TRIGGER ${quote(session.database)}.${quote(name)} ${timing} ${event} ON ${quote(table)} FOR EACH ROW\n${body}`,
    ),
  ];
  if (create.length === 0) return statements;
  const locks = [quote(table), ...changeTables.map((name) => own(session, name))];
  return [`LOCK TABLES ${locks.map((name) => `${name} WRITE`).join(', ')}`, ...statements, 'UNLOCK TABLES'];
}

/** Waiting for a table's lock makes all who write it wait, too: so it is given up soon and tried again. */
const LOCK_WAIT_S = 1;
const ATTEMPTS = 20;
const PAUSE_MS = 250;

/** Runs the statements of a swap; `locked` is called while nobody else can write the table. */
export async function runSwap(
  session: Session,
  statements: readonly string[],
  table: string,
  locked: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    await session.execute(`SET SESSION lock_wait_timeout = ${LOCK_WAIT_S}`);
    try {
      for (const sql of statements) {
        if (sql === 'UNLOCK TABLES') await locked();
        await session.execute(sql, [], { table });
      }
      return;
    } catch (error) {
      if (!isCdcError(error, 'DATABASE_LOCKED') || attempt === ATTEMPTS) throw error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    } finally {
      if (!session.isLost) {
        await session.execute('UNLOCK TABLES').catch(() => undefined);
        await session.execute('SET SESSION lock_wait_timeout = 5').catch(() => undefined);
      }
    }
  }
}
