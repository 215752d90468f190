/** `_cdc_capture`: what is captured of each table, as it was when its triggers were made. */
import { CdcError } from '../../../errors';
import { hasTable } from '../database/objects';
import type { Session } from '../database/session';
import { flagOf, numberOf, textOf } from '../database/values';

export interface CapturedColumn {
  readonly name: string;
  /** As declared. */
  readonly type: string;
  readonly nullable: boolean;
  readonly collation: string | null;
  /** Place in the key, from 1; 0 when it is not in it. */
  readonly key: number;
  /** Changes with lower ids do not have this column, which was added later; 0 when it was there from the start. */
  readonly since: number;
}

export interface Capture {
  readonly table: string;
  readonly changeTable: string;
  /** True when capture was ended because of its backlog: there are no triggers and no change table then. */
  readonly suspended: boolean;
  readonly columns: readonly CapturedColumn[];
  /** Digests of the triggers' texts by their names, to notice when one is gone or altered. */
  readonly triggers: Readonly<Record<string, string>>;
  /** The ways of REPLACE to other rows that the triggers look at. */
  readonly guards: readonly string[];
  /** Changes up to this id were purged. */
  readonly floor: number;
  /** The counter when capture began: no change of the table is older. */
  readonly started: number;
  /** Below this id changes were missed (triggers were gone for a while); 0 when none ever were. */
  readonly wholeSince: number;
}

export function isInstalled(session: Session): boolean {
  return hasTable(session, '_cdc_capture');
}

/** By table name; empty where nothing is installed. */
export function readCaptures(session: Session): ReadonlyMap<string, Capture> {
  if (!isInstalled(session)) return new Map();
  const rows = session.all(
    `SELECT table_name, change_table, suspended, columns, triggers, guards, floor, started, whole_since
FROM main._cdc_capture ORDER BY table_name`,
  );
  return new Map(
    rows.map(([table, changeTable, suspended, columns, triggers, guards, floor, started, wholeSince]) => [
      textOf(table),
      {
        table: textOf(table),
        changeTable: textOf(changeTable),
        suspended: flagOf(suspended),
        columns: listOf(columns).map(columnOf),
        triggers: textsOf(triggers),
        guards: listOf(guards).map(String),
        floor: numberOf(floor),
        started: numberOf(started),
        wholeSince: numberOf(wholeSince),
      },
    ]),
  );
}

export function writeCapture(session: Session, capture: Capture): void {
  session.run(
    `INSERT INTO main._cdc_capture
  (table_name, change_table, suspended, columns, triggers, guards, floor, started, whole_since)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (table_name) DO UPDATE SET change_table = excluded.change_table, suspended = excluded.suspended,
  columns = excluded.columns, triggers = excluded.triggers, guards = excluded.guards, floor = excluded.floor,
  started = excluded.started, whole_since = excluded.whole_since`,
    capture.table,
    capture.changeTable,
    capture.suspended,
    JSON.stringify(capture.columns),
    JSON.stringify(capture.triggers),
    JSON.stringify(capture.guards),
    BigInt(capture.floor),
    BigInt(capture.started),
    BigInt(capture.wholeSince),
  );
}

export function deleteCapture(session: Session, table: string): void {
  session.run('DELETE FROM main._cdc_capture WHERE table_name = ?', table);
}

/** Key columns in order of each captured table. */
export function capturedKeys(session: Session): ReadonlyMap<string, readonly string[]> {
  return new Map([...readCaptures(session).values()].map(({ table, columns }) => [table, keyOf(columns)]));
}

/** Names of all triggers of ours. */
export function ownTriggers(session: Session): ReadonlySet<string> {
  return new Set([...readCaptures(session).values()].flatMap(({ triggers }) => Object.keys(triggers)));
}

/** The key columns in order. */
export function keyOf(columns: readonly CapturedColumn[]): readonly string[] {
  return columns
    .filter((column) => column.key > 0)
    .toSorted((one, other) => one.key - other.key)
    .map((column) => column.name);
}

function listOf(json: unknown): readonly unknown[] {
  const parsed: unknown = typeof json === 'string' ? JSON.parse(json) : null;
  if (!Array.isArray(parsed)) throw damaged();
  return parsed;
}

function textsOf(json: unknown): Readonly<Record<string, string>> {
  const parsed: unknown = typeof json === 'string' ? JSON.parse(json) : null;
  if (typeof parsed !== 'object' || parsed === null) throw damaged();
  return Object.fromEntries(Object.entries(parsed).map(([name, digest]) => [name, String(digest)]));
}

function columnOf(value: unknown): CapturedColumn {
  if (typeof value !== 'object' || value === null) throw damaged();
  const field = (name: string): unknown => Reflect.get(value, name);
  const [name, type, nullable] = [field('name'), field('type'), field('nullable')];
  const [collation, key, since] = [field('collation'), field('key'), field('since')];
  if (
    typeof name !== 'string' ||
    typeof type !== 'string' ||
    typeof nullable !== 'boolean' ||
    !(collation === null || typeof collation === 'string') ||
    typeof key !== 'number' ||
    typeof since !== 'number'
  ) {
    throw damaged();
  }
  return { name, type, nullable, collation, key, since };
}

function damaged(): CdcError {
  return new CdcError('CAPTURE_MISSING', 'The records of capture in the source are damaged');
}
