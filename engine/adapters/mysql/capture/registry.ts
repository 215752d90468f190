/** `_cdc_capture`: what is captured of each table, as it was when its triggers were made. */
import { CdcError } from '../../../errors';
import { hasOwnTable, own, type FieldRow, type Session } from '../database';
import { EPOCH } from './objects';
import { decodeTable, encodeTable, type TablePosition } from './position';

export interface CapturedColumn {
  readonly name: string;
  /** As declared in the source. */
  readonly declared: string;
  readonly collation: string | null;
  /** Place in the key, from 1; 0 when it is not in it. */
  readonly key: number;
  /** Names in the change table. */
  readonly oldName: string;
  readonly newName: string;
  /** True when a changed value can be refused by an index or a foreign key: the row is then read again. */
  readonly guarded: boolean;
  /** Positions of earlier epochs have changes without this column; 0 when it was there from the start. */
  readonly since: number;
}

/** A trigger of ours that the capture of a table needs, on that table or on one whose deletions cascade to it. */
export interface CapturedTrigger {
  readonly table: string;
  readonly name: string;
  /** Of its text. */
  readonly digest: string;
}

export interface Capture {
  /** A change table that is made anew has another. */
  readonly id: number;
  readonly table: string;
  readonly changeTable: string;
  /** True when capture was ended because of its backlog: there are no triggers and no change table then. */
  readonly suspended: boolean;
  readonly columns: readonly CapturedColumn[];
  readonly triggers: readonly CapturedTrigger[];
  /** The server that gave the numbers of `identity`. */
  readonly server: string;
  /** Tells the table and its change table from others of the same names; empty where the server doesn't tell. */
  readonly identity: string;
  /** What may have been purged: no change that it does not cover. */
  readonly floor: TablePosition;
  /** The epoch in which capture began. */
  readonly started: number;
  /** Positions of earlier epochs have missed changes; 0 when none were ever missed. */
  readonly wholeSince: number;
  /** Changes that positions of earlier epochs have not read may not have happened: all are read again. */
  readonly rereadBefore: number;
  /** Wants of a resync up to this id have been met. */
  readonly resyncId: number;
}

/** Where something is captured this table is. */
export const CAPTURE_TABLE = '_cdc_capture';

export async function isInstalled(session: Session): Promise<boolean> {
  return hasOwnTable(session, CAPTURE_TABLE);
}

/** Sessions that have seen our tables; should these go after all, the statement that misses them says so. */
const installed = new WeakSet<Session>();

/** The same for what is asked again and again. */
export async function isStillInstalled(session: Session): Promise<boolean> {
  if (installed.has(session)) return true;
  const found = await isInstalled(session);
  if (found) installed.add(session);
  return found;
}

const CAPTURES = `SELECT id, table_name, change_table, suspended, columns, triggers, server, identity, floor, started,
  whole_since, reread_before, resync_id`;

/** By table name. Throws SCHEMA_MOVED where nothing is installed: ask `isInstalled` first. */
export async function readCaptures(session: Session): Promise<ReadonlyMap<string, Capture>> {
  const rows = await session.query(`${CAPTURES} FROM ${own(session, '_cdc_capture')} ORDER BY table_name`);
  return new Map(rows.map(captureOf).map((capture) => [capture.table, capture]));
}

/** The number of the present epoch, as the session's transaction sees it. */
export async function readEpoch(session: Session): Promise<number> {
  const row = await session.first(`SELECT value FROM ${own(session, '_cdc_meta')} WHERE name = ?`, [EPOCH]);
  return Number(row?.[0] ?? 0);
}

/** Begins the next epoch and answers it. */
export async function nextEpoch(session: Session): Promise<number> {
  const next = (await readEpoch(session)) + 1;
  await session.execute(`REPLACE INTO ${own(session, '_cdc_meta')} (name, value) VALUES (?, ?)`, [
    EPOCH,
    String(next),
  ]);
  return next;
}

/** Inserts a capture, or replaces the one with the same table; one with another change table gets another number. */
export async function writeCapture(session: Session, capture: Omit<Capture, 'id'>): Promise<void> {
  const { table, changeTable, suspended, columns, triggers, server, identity, floor } = capture;
  const { started, wholeSince, rereadBefore, resyncId } = capture;
  await session.execute(
    `INSERT INTO ${own(session, '_cdc_capture')} (table_name, change_table, suspended, columns, triggers, server,
  identity, floor, started, whole_since, reread_before, resync_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON DUPLICATE KEY UPDATE change_table = VALUES(change_table), suspended = VALUES(suspended), columns = VALUES(columns),
  triggers = VALUES(triggers), server = VALUES(server), identity = VALUES(identity), floor = VALUES(floor),
  started = VALUES(started), whole_since = VALUES(whole_since),
  reread_before = VALUES(reread_before), resync_id = VALUES(resync_id)`,
    [
      table,
      changeTable,
      suspended,
      JSON.stringify(columns),
      JSON.stringify(triggers),
      server,
      identity,
      encodeTable(floor),
      started,
      wholeSince,
      rereadBefore,
      resyncId,
    ].map((value) => (typeof value === 'number' ? BigInt(value) : value)),
  );
}

export async function deleteCapture(session: Session, table: string): Promise<void> {
  await session.execute(`DELETE FROM ${own(session, '_cdc_capture')} WHERE table_name = ?`, [table]);
}

/** The key columns in order. */
export function keyOf(columns: readonly CapturedColumn[]): readonly CapturedColumn[] {
  return columns.filter(({ key }) => key > 0).toSorted((one, other) => one.key - other.key);
}

function captureOf(row: FieldRow): Capture {
  const [id, table, changeTable, suspended, columns, triggers, server, identity, floor, ...more] = row;
  const [started, wholeSince, rereadBefore, resyncId] = more;
  return {
    id: Number(id),
    table: String(table),
    changeTable: String(changeTable),
    suspended: Number(suspended) === 1,
    columns: listOf(columns).map(columnOf),
    triggers: listOf(triggers).map(triggerOf),
    server: String(server),
    identity: String(identity),
    floor: decodeTable(String(floor)),
    started: Number(started),
    wholeSince: Number(wholeSince),
    rereadBefore: Number(rereadBefore),
    resyncId: Number(resyncId),
  };
}

function listOf(json: unknown): readonly unknown[] {
  const parsed: unknown = typeof json === 'string' ? JSON.parse(json) : null;
  if (!Array.isArray(parsed)) throw damaged();
  return parsed;
}

function reader(value: unknown): {
  readonly text: (name: string) => string;
  readonly number: (name: string) => number;
  readonly flag: (name: string) => boolean;
  readonly textOrNull: (name: string) => string | null;
} {
  const field = (name: string): unknown =>
    typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  const text = (name: string): string => {
    const found = field(name);
    if (typeof found !== 'string') throw damaged();
    return found;
  };
  return {
    text,
    flag: (name) => field(name) === true,
    textOrNull: (name) => (field(name) === null ? null : text(name)),
    number(name) {
      const found = field(name);
      if (typeof found !== 'number') throw damaged();
      return found;
    },
  };
}

function columnOf(value: unknown): CapturedColumn {
  const { text, number, flag, textOrNull } = reader(value);
  return {
    name: text('name'),
    declared: text('declared'),
    collation: textOrNull('collation'),
    key: number('key'),
    oldName: text('oldName'),
    newName: text('newName'),
    guarded: flag('guarded'),
    since: number('since'),
  };
}

function triggerOf(value: unknown): CapturedTrigger {
  const { text } = reader(value);
  return { table: text('table'), name: text('name'), digest: text('digest') };
}

function damaged(): CdcError {
  return new CdcError('CAPTURE_MISSING', 'The records of capture in the source are damaged');
}
