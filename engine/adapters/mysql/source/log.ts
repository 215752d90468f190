/** What was logged of one table after a position, as far as applying needs it. */
import { CdcError } from '../../../errors';
import type { Allowance, Tuple } from '../../../model';
import { quote, type FieldRow, type Parameter, type Session } from '../database';
import { gapConditions } from '../capture/head';
import { gapsAbove, gapsBetween, withoutIds, type TablePosition } from '../capture/position';
import { keyIdentity } from '../rows/key-identity';
import { readersOf, readTuple, type ValueReader } from '../rows/values';
import { readExpression } from '../schema/reading';
import type { CapturedColumn } from '../capture/registry';
import { capturedColumns, isChange, type CapturedRoute } from './captures';

/** One logged change. */
export interface LoggedChange {
  readonly op: 'insert' | 'update' | 'delete' | 'touch';
  /** UTC as the server writes it, always as long: texts are in the order of the times. See `toMilliseconds`. */
  readonly changedAt: string;
  readonly identity: string;
  readonly key: Tuple;
  /** Values of the route's columns; null unless the row is there after the change. */
  readonly row: Tuple | null;
  /** True when the row itself must be looked at. */
  readonly again: boolean;
}

/** What was read of one table. */
export interface ReadLog {
  /** In the order of their ids. */
  readonly changes: readonly LoggedChange[];
  /** Rows of the change table in it. */
  readonly logged: number;
  readonly to: TablePosition;
  /** True when rows are left. */
  readonly more: boolean;
  /** True when nothing could be read for want of room for more missing ids. */
  readonly stuck: boolean;
}

export interface LogRequest {
  readonly from: TablePosition;
  readonly limit: number;
  /** Ids up to this one that are missing will never come. */
  readonly settled: number;
  /** Most ranges of missing ids in the position after it. */
  readonly mostGaps: number;
  readonly allowance: Allowance | null;
}

interface Entry {
  readonly id: number;
  readonly at: string;
  readonly changes: readonly LoggedChange[];
}

const META = 4;

/** Throws CAPTURE_MISSING where a trigger could log no more than that something was changed. */
export async function readLog(
  session: Session,
  table: CapturedRoute,
  { from, limit, settled, mostGaps, allowance }: LogRequest,
): Promise<ReadLog> {
  const select = selectOf(table);
  const readers = readersFor(table);
  const run = async (
    condition: string,
    parameters: readonly Parameter[],
    most: number,
  ): Promise<readonly Entry[]> => {
    const rows = await session.query(
      `${select} WHERE ${condition} AND ${isChange(table.capture)} ORDER BY c.id LIMIT ${most}`,
      parameters,
      { table: table.route.id, allowance },
    );
    return rows.map((row) => entryOf(table, readers, row));
  };
  // What was missing comes first: it has the lower ids, and is seen in the same view as what is new.
  const filled: Entry[] = [];
  for (const [condition, parameters] of gapConditions(from.gaps)) {
    if (filled.length > limit) break;
    filled.push(...(await run(condition, parameters, limit + 1 - filled.length)));
  }
  if (filled.length > limit) {
    const taken = filled.slice(0, limit);
    const last = taken.at(-1)?.id ?? 0;
    const passed = withoutIds(
      from.gaps,
      taken.map(({ id }) => id),
    );
    const gaps = [
      ...passed.flatMap(([first, end]) =>
        first > last ? [] : gapsAbove([[first, Math.min(end, last)]], settled),
      ),
      ...gapsAbove(passed, last),
    ];
    return result(taken, { ...from, gaps }, true);
  }
  const gaps = gapsAbove(
    withoutIds(
      from.gaps,
      filled.map(({ id }) => id),
    ),
    settled,
  );
  const left = limit - filled.length;
  const fresh = await run('c.id > ?', [BigInt(from.after)], left + 1);
  const taken = fresh.slice(0, left);
  const known = await knownIds(session, table, from.after, taken);
  const room = Math.max(0, mostGaps - gaps.length);
  const opened = gapsBetween(from.after, known);
  const bound = opened[room]?.[0] ?? Infinity;
  const fitting = taken.filter(({ id }) => id < bound);
  const last = fitting.at(-1);
  const entries = [...filled, ...fitting];
  const more = fresh.length > fitting.length;
  if (last === undefined) {
    return { ...result(entries, { ...from, gaps }, more), stuck: taken.length > 0 && entries.length === 0 };
  }
  const to = { after: last.id, gaps: [...gaps, ...opened.filter(([first]) => first < last.id)], at: last.at };
  return result(entries, to, more);
}

function result(entries: readonly Entry[], to: TablePosition, more: boolean): ReadLog {
  return {
    changes: entries.flatMap(({ changes }) => changes),
    logged: entries.length,
    to,
    more,
    stuck: false,
  };
}

/** Ids that are there, among them those of rows that are no changes: they are not missing either. */
async function knownIds(
  session: Session,
  { changes, capture }: CapturedRoute,
  after: number,
  taken: readonly Entry[],
): Promise<readonly number[]> {
  const ids = taken.map(({ id }) => id);
  const last = ids.at(-1);
  if (last === undefined || last - after === ids.length) return ids;
  const others = await session.query(
    `SELECT c.id FROM ${changes} AS c WHERE c.id > ? AND c.id < ? AND NOT ${isChange(capture)}`,
    [BigInt(after), BigInt(last)],
  );
  if (others.length === 0) return ids;
  return [...ids, ...others.map(([id]) => Number(id))].sort((one, other) => one - other);
}

function selectOf(table: CapturedRoute): string {
  const { route, changes } = table;
  const key = capturedColumns(table, route.key);
  const columns = capturedColumns(table, route.columns);
  const read = (name: string, { declared, collation }: CapturedColumn): string =>
    readExpression(`c.${quote(name)}`, declared, collation);
  const list = [
    'c.id',
    'c.op',
    'c.again',
    'c.changed_at',
    ...key.map((column) => read(column.oldName, column)),
    ...key.map((column) => read(column.newName, column)),
    ...columns.map((column) => read(column.newName, column)),
  ];
  return `SELECT ${list.join(', ')} FROM ${changes} AS c`;
}

interface Readers {
  readonly key: readonly ValueReader[];
  readonly row: readonly ValueReader[];
}

function readersFor({ route }: CapturedRoute): Readers {
  return { key: readersOf(route.source, route.key), row: readersOf(route.source, route.columns) };
}

function entryOf({ route }: CapturedRoute, readers: Readers, fields: FieldRow): Entry {
  const [id, op, again, changedAt] = fields;
  const key = (side: 'old' | 'new'): Tuple =>
    readTuple(fields, readers.key, META + (side === 'old' ? 0 : readers.key.length));
  const at = String(changedAt);
  const isThere = op === 'insert' || op === 'update';
  const change = (kind: LoggedChange['op'], parts: Tuple, row: Tuple | null): LoggedChange => ({
    op: kind,
    changedAt: at,
    identity: keyIdentity(parts),
    key: parts,
    row,
    again: kind === 'touch' || Number(again) === 1,
  });
  const entry = (...changes: readonly LoggedChange[]): Entry => ({ id: Number(id), at, changes });
  if (isThere) {
    const row = readTuple(fields, readers.row, META + 2 * readers.key.length);
    return entry(change(op, key('new'), row));
  }
  if (op === 'delete') return entry(change('delete', key('old'), null));
  if (op === '?') {
    // A row that was updated may have had another key before.
    const touched = [key('old'), key('new')].filter((parts) => parts.some((part) => part !== null));
    const [one, other] = touched.map((parts) => change('touch', parts, null));
    if (one === undefined) return entry();
    return other === undefined || other.identity === one.identity ? entry(one) : entry(one, other);
  }
  if (op === '!') {
    throw new CdcError(
      'CAPTURE_MISSING',
      `Table ${route.id}: it was changed in a way that left a trigger unable to log even the key`,
      { table: route.id },
    );
  }
  throw new CdcError('INTERNAL', 'A change table holds an operation that nobody logs', { table: route.id });
}

/** `2026-02-28 10:34:56.789`, which is UTC. */
export function toMilliseconds(changedAt: string): number {
  return Date.parse(`${changedAt.replace(' ', 'T')}Z`);
}
