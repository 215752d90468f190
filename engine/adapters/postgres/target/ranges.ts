/** Makes a snapshot range of a target table equal to the source's rows. */
import type { ColumnSchema, Cursor, SetAside, TableRoute, Tuple, Value } from '../../../model';
import { sqlStateOf } from '../database/errors';
import { quote } from '../database/identifiers';
import type { Parameter, Session } from '../database/session';
import { decodeCursor } from '../rows/cursor';
import { amongKeys } from '../rows/key-order';
import { writeValue } from '../rows/values';
import type { TargetColumn } from './shape';
import { KIND, type StagedRange, type StagedRows, type StagedSet, type StraightCopy } from './staging';
import { dropSweeps, finishSweep, startSweep, trackKeys } from './sweep';
import { rowFailure } from './row-failures';
import { sameKey } from './write-sql';
import { namedFailure, writeSet, type WriteOptions } from './write-set';

/** What an INSERT can do to some tables, COPY can't. */
const NOT_SUPPORTED = '0A000';

export interface RangeOptions extends WriteOptions {
  /** What the source lacks stays. */
  readonly keepDeleted: boolean;
  /** Rows that are not staged may go from the source into the table, in place of all that the target has there. */
  readonly mayGoStraight: boolean;
}

/** Returns the rows that were set aside. */
export async function equalizeRange(
  session: Session,
  set: StagedSet,
  { rows: ranged, bounds }: StagedRange,
  options: RangeOptions,
): Promise<readonly SetAside[]> {
  const straight = options.mayGoStraight ? ranged.straight : null;
  if (straight !== null && (await copyStraight(session, set, bounds, straight))) return [];
  const rows = await ranged.staged();
  const write = (): Promise<readonly SetAside[]> => writeSet(session, set, rows, options);
  if (!bounds.replace) return write();
  const isWhole = bounds.after === null && bounds.upTo === null;
  // Without an order, too; so is one of single keys.
  if (isWhole || hasCommonOrder(set)) {
    if (options.keepDeleted) return write();
    // Before the rows are written, since what is missing may hold their unique values; where a key can't be
    // converted, after that row has been set aside.
    const early = await deleteMissing(session, set, rows, bounds, options);
    const aside = await write();
    if (!early) await deleteMissing(session, set, rows, bounds, { ...options, setAside: false });
    return aside;
  }
  if (bounds.after === null) await startSweep(session, set);
  const aside = await write();
  await trackKeys(session, set, rows);
  if (bounds.upTo === null) {
    await (options.keepDeleted ? dropSweeps(session, [set.route.target]) : finishSweep(session, set));
  }
  return aside;
}

/**
 * The source's rows in place of what the target has in the range. It has little: changes that came ahead of the range,
 * or what a copy is to replace. False when the target refused a row, or can't be copied into: nothing was written then.
 */
async function copyStraight(
  session: Session,
  set: StagedSet,
  bounds: StagedRange['bounds'],
  { clears, copy }: StraightCopy,
): Promise<boolean> {
  // Nothing is known of a table that is being filled: deleting nothing must not read all of it.
  await session.execute('SAVEPOINT cdc_straight; SET LOCAL enable_seqscan = off');
  try {
    if (clears) {
      const parameters: Parameter[] = [];
      const conditions = ['true', ...withinBounds(set, bounds, parameters)];
      await session.query(
        `DELETE FROM ${set.shape.table} AS t WHERE ${conditions.join(' AND ')}`,
        parameters,
      );
    }
    await copy();
    await session.execute('RELEASE SAVEPOINT cdc_straight; SET LOCAL enable_seqscan = on');
    return true;
  } catch (error) {
    if (rowFailure(error) === null && sqlStateOf(error) !== NOT_SUPPORTED) throw error;
    await session.execute('ROLLBACK TO SAVEPOINT cdc_straight; RELEASE SAVEPOINT cdc_straight');
    return false;
  }
}

/** Deletes the target's rows of the range that the source does not have. False where it has to wait for a row. */
async function deleteMissing(
  session: Session,
  set: StagedSet,
  rows: StagedRows,
  bounds: StagedRange['bounds'],
  options: WriteOptions,
): Promise<boolean> {
  const parameters: Parameter[] = [];
  const conditions = [
    ...withinBounds(set, bounds, parameters),
    `NOT EXISTS (SELECT 1 FROM ${rows.table} AS s WHERE s.kind IN ('${KIND.upsert}', '${KIND.keep}') AND ${sameKey(set)})`,
  ];
  await session.execute('SAVEPOINT cdc_range');
  try {
    await session.query(`DELETE FROM ${set.shape.table} AS t WHERE ${conditions.join(' AND ')}`, parameters);
    await session.execute('RELEASE SAVEPOINT cdc_range');
    return true;
  } catch (error) {
    const failure = rowFailure(error);
    if (failure === null) throw error;
    await session.execute('ROLLBACK TO SAVEPOINT cdc_range; RELEASE SAVEPOINT cdc_range');
    // A key that can't be converted is no key of the target: there is nothing to delete under it.
    if (bounds.only !== undefined && bounds.only !== null && failure.code === 'TYPE_MISMATCH') {
      return deleteHalves(session, set, rows, bounds.only, options);
    }
    if (!options.setAside) throw await namedFailure(session, set, rows, failure);
    return false;
  }
}

/** Finds the keys that can't be converted by halving. */
async function deleteHalves(
  session: Session,
  set: StagedSet,
  rows: StagedRows,
  keys: readonly Cursor[],
  options: WriteOptions,
): Promise<boolean> {
  if (keys.length < 2) return true;
  const middle = Math.ceil(keys.length / 2);
  const bounds = { after: null, upTo: null, replace: true };
  const halves = [keys.slice(0, middle), keys.slice(middle)];
  let early = true;
  for (const only of halves) {
    if (!(await deleteMissing(session, set, rows, { ...bounds, only }, options))) early = false;
  }
  return early;
}

/** One of these keys; null for any key. */
function among(
  { shape: { key } }: StagedSet,
  keys: readonly Cursor[] | null,
  parameters: Parameter[],
): string | null {
  if (keys === null) return null;
  const decoded = keys.map((cursor) => decodeCursor(cursor, key.length));
  const isOneInteger = key.length === 1 && isInteger(key[0]);
  const integers = isOneInteger ? decoded.flatMap(([only]) => integerKey(only ?? null)) : decoded;
  // No key of the target is one that its columns can't hold.
  const values = integers.filter((tuple) =>
    key.every((column, place) => !isBeyond(column, tuple[place] ?? null)),
  );
  if (values.length === 0) return 'false';
  return amongKeys(
    key.map(({ name, equals }) => `t.${quote(name)} ${equals}`),
    key.map(({ baseType }) => baseType),
    values,
    parameters,
  );
}

/** SQLite may have texts, bytes or fractions where integers belong: no key of the target is equal to one. */
function integerKey(value: Value): readonly Tuple[] {
  if (typeof value === 'bigint') return [[value]];
  return typeof value === 'number' && Number.isSafeInteger(value) ? [[BigInt(value)]] : [];
}

function withinBounds(
  set: StagedSet,
  { after, upTo, only = null }: StagedRange['bounds'],
  parameters: Parameter[],
): readonly string[] {
  return [
    compare(set, '>', after, parameters),
    compare(set, '<=', upTo, parameters),
    among(set, only, parameters),
  ].filter((condition) => condition !== null);
}

/** `(key) > (bound)`; null without a bound, or where every key of the target lies on the right side of it. */
function compare(
  set: StagedSet,
  operator: '>' | '<=',
  cursor: Cursor | null,
  parameters: Parameter[],
): string | null {
  if (cursor === null) return null;
  const { key } = set.shape;
  const values = decodeCursor(cursor, key.length);
  const [only] = values;
  if (key.length === 1 && isInteger(key[0]) && typeof only !== 'bigint') {
    // SQLite orders numbers, texts, bytes: no integer comes after a text.
    if (typeof only !== 'number') return operator === '<=' ? null : 'false';
    parameters.push(String(only));
    return `t.${quote(key[0]?.name ?? '')} ${operator} CAST($${parameters.length} AS float8)`;
  }
  const names = key.map(({ name }) => `t.${quote(name)}`);
  const bound = key.map((column, index) => {
    const value = values[index] ?? null;
    parameters.push(writeValue(value));
    return `CAST($${parameters.length} AS ${isBeyond(column, value) ? 'numeric' : column.baseType})`;
  });
  return `(${names.join(', ')}) ${operator} (${bound.join(', ')})`;
}

const BITS: Readonly<Record<string, number>> = { smallint: 16, integer: 32, bigint: 64 };

/** True for an integer of the source that the target's column is too narrow for. */
function isBeyond({ baseType }: TargetColumn, value: Value): boolean {
  const bits = BITS[baseType];
  return bits !== undefined && typeof value === 'bigint' && BigInt.asIntN(bits, value) !== value;
}

function isInteger(column: TargetColumn | undefined): boolean {
  return column !== undefined && column.baseType in BITS;
}

/** Whether source and target are known to put the key's values into the same order. */
export function hasCommonOrder({ route, shape }: Pick<StagedSet, 'route' | 'shape'>): boolean {
  return route.key.every((name, index) => {
    const source = route.source.columns.find((column) => column.name === name);
    const target = shape.key[index];
    return source !== undefined && target !== undefined && sameOrder(route, source, target);
  });
}

function sameOrder(route: TableRoute, source: ColumnSchema, target: TargetColumn): boolean {
  switch (source.type.kind) {
    case 'int':
      return isInteger(target);
    case 'dynamic':
      // A column of SQLite that should hold integers may hold more; alone it can be compared all the same.
      return isInteger(target) && route.key.length === 1;
    case 'date':
      return target.baseType === 'date';
    case 'uuid':
      return target.baseType === 'uuid';
    case 'bytes':
      return target.baseType === 'bytea';
    case 'text':
      return isBytewise(source.collation) && isBytewise(target.collation);
    case 'bool':
    case 'decimal':
    case 'float':
    case 'time':
    case 'timestamp':
    case 'interval':
    case 'json':
    case 'enum':
    case 'array':
    case 'other':
      return false;
  }
}

/** A collation by name that compares bytes; a database's default is not known to the other side. */
function isBytewise(collation: string | null): boolean {
  return collation !== null && /^(("?pg_catalog"?\.)?"?(C|POSIX|ucs_basic)"?)$/.test(collation);
}
