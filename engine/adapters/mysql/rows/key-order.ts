/**
 * Ranges of a table in the order of its key, as SQL. In the common order text is compared byte by byte, as other
 * databases can do it too; the table's own order is that of the key's index, which costs no sorting.
 */
import { filterSql, type ColumnSchema, type Cursor, type TableSchema } from '../../../model';
import { qualify, quote, type Parameter } from '../database';
import { exactText } from '../schema/exact-texts';
import { isReadAsHex, nativeName } from '../schema/types';
import { decodeCursor } from './cursor';
import { noTextBytes, noTextSql } from './no-text';
import { columnsOf, writeValue } from './values';

/** `common`: the same in other databases. `own`: the index's. Cursors of one must not be used in the other. */
export type KeyOrder = 'common' | 'own';

export interface KeyRange {
  readonly table: TableSchema;
  readonly key: readonly string[];
  readonly order: KeyOrder;
  /** Exclusive; null: from the start. */
  readonly after: Cursor | null;
  /** Inclusive; null: to the end. */
  readonly upTo: Cursor | null;
  /** These keys alone. */
  readonly keys?: readonly Cursor[] | null;
  readonly limit: number | null;
  /** Of rows that fulfil this condition alone. */
  readonly where?: string | null;
}

export interface RangeSql {
  readonly sql: string;
  readonly parameters: readonly Parameter[];
}

/** `FROM table AS s WHERE … ORDER BY key LIMIT …`. Throws POSITION_INVALID for a cursor of another key. */
export function selectRange(range: KeyRange): RangeSql {
  const { sql, parameters } = rangeCondition(range, 's');
  const where = sql === '' ? '' : ` WHERE ${sql}`;
  const order = columnsOf(range.table, range.key).map((column) => keyExpression(column, range.order, 's'));
  const limit = range.limit === null ? '' : ` LIMIT ${range.limit}`;
  return {
    sql: `FROM ${qualify(range.table.name)} AS s${where} ORDER BY ${order.join(', ')}${limit}`,
    parameters,
  };
}

/** The condition of a range over the columns of `alias`; empty where it has no bounds. */
export function rangeCondition(range: Omit<KeyRange, 'limit'>, alias: string): RangeSql {
  const columns = columnsOf(range.table, range.key);
  const conditions: string[] = [];
  const parameters: Parameter[] = [];
  const condition = (cursor: Cursor, make: typeof isAfter): string => {
    const values = decodeCursor(cursor, columns.length).map((value, index) =>
      writeValue(value, columns[index]?.type ?? { kind: 'text', length: null }),
    );
    const { sql, parameters: bound } = make(columns, values, range.order, alias);
    parameters.push(...bound);
    return sql;
  };
  const add = (cursor: Cursor | null | undefined, make: typeof isAfter): void => {
    if (cursor !== null && cursor !== undefined) conditions.push(condition(cursor, make));
  };
  add(range.after, isAfter);
  add(range.upTo, isUpTo);
  if (range.keys !== undefined && range.keys !== null) {
    const each = range.keys.map((cursor) => `(${condition(cursor, isSame)})`);
    conditions.push(each.length === 0 ? 'FALSE' : `(${each.join(' OR ')})`);
  }
  if (typeof range.where === 'string') conditions.push(filterSql(range.where));
  return { sql: conditions.join(' AND '), parameters };
}

/** Members of an ENUM are sorted by their number and compared by their text, so neither order can use an index. */
const NOT_COMPARED = ['enum', 'set'];

/** Their text has the order of its bytes, and one text for each value. */
const COMPARED_AS_TEXT = ['uuid', 'inet4', 'inet6'];

const TEXT = ['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext'];

/** Collations by whose order UTF-8 is sorted as its bytes are, trailing spaces included. */
const BYTE_ORDER = ['utf8mb4_0900_bin', 'utf8mb4_nopad_bin', 'utf8mb3_nopad_bin', 'ascii_nopad_bin'];

/** What a column of the key is sorted and compared by. */
export function keyExpression(column: ColumnSchema, order: KeyOrder, alias: string): string {
  const name = `${alias}.${quote(column.name)}`;
  const native = nativeName(column.declaredType);
  if (isReadAsHex(native)) return `HEX(${name})`;
  if (!isByBytes(column, order)) return name;
  // Values that are no text stand behind all others, each by itself.
  return (
    exactText(name, column.declaredType, column.collation) ?? `CAST(CONVERT(${name} USING utf8mb4) AS BINARY)`
  );
}

function isByBytes({ declaredType, collation }: ColumnSchema, order: KeyOrder): boolean {
  const native = nativeName(declaredType);
  const isText = TEXT.includes(native) && !BYTE_ORDER.includes(collation ?? '');
  return (
    NOT_COMPARED.includes(native) || (order === 'common' && (isText || COMPARED_AS_TEXT.includes(native)))
  );
}

type Comparison = (
  columns: readonly ColumnSchema[],
  values: readonly Parameter[],
  order: KeyOrder,
  alias: string,
) => RangeSql;

/** Spelt out, since the servers follow no index by `(a, b) > (1, 2)`; the first column alone bounds the range. */
const isAfter: Comparison = (columns, values, order, alias) =>
  compare(columns, values, order, alias, '>', '>');
const isUpTo: Comparison = (columns, values, order, alias) =>
  compare(columns, values, order, alias, '<', '<=');

function compare(
  columns: readonly ColumnSchema[],
  values: readonly Parameter[],
  order: KeyOrder,
  alias: string,
  inner: '>' | '<',
  last: '>' | '<=',
): RangeSql {
  const names = columns.map((column) => keyExpression(column, order, alias));
  const operands = columns.map((column, place) => operandOf(column, order, values[place] ?? null));
  const operand = (place: number): string => operands[place]?.sql ?? 'NULL';
  const parametersTo = (place: number): readonly Parameter[] =>
    operands.slice(0, place + 1).flatMap(({ parameters }) => parameters);
  const alternatives = names.map((name, place) => {
    const before = names.slice(0, place).map((earlier, index) => `${earlier} = ${operand(index)}`);
    const operator = place === names.length - 1 ? last : inner;
    return [...before, `${name} ${operator} ${operand(place)}`].join(' AND ');
  });
  const parameters = names.flatMap((_, place) => parametersTo(place));
  if (names.length === 1) return { sql: alternatives[0] ?? '', parameters };
  const bound = `${names[0] ?? ''} ${inner}= ${operand(0)}`;
  return {
    sql: `${bound} AND (${alternatives.map((one) => `(${one})`).join(' OR ')})`,
    parameters: [...parametersTo(0), ...parameters],
  };
}

/** What a column is compared with. */
function operandOf(column: ColumnSchema, order: KeyOrder, value: Parameter): RangeSql {
  const untold = isByBytes(column, order) ? noTextBytes(value) : noTextSql(column, value);
  return untold === null ? { sql: '?', parameters: [value] } : { sql: untold, parameters: [] };
}

const isSame: Comparison = (columns, values, _order, alias) => sameKey(columns, values, alias);

/** Equal as the key's index has it. */
export function sameKey(
  columns: readonly ColumnSchema[],
  values: readonly Parameter[],
  alias: string,
): RangeSql {
  const same = columns.map((column, place): RangeSql => {
    const name = `${alias}.${quote(column.name)}`;
    const value = values[place] ?? null;
    const untold = noTextSql(column, value);
    if (untold === null) return { sql: `${name} = ?`, parameters: [value] };
    const isNumber = NOT_COMPARED.includes(nativeName(column.declaredType));
    return { sql: `${name}${isNumber ? ' + 0' : ''} = ${untold}`, parameters: [] };
  });
  return {
    sql: same.map(({ sql }) => sql).join(' AND '),
    parameters: same.flatMap(({ parameters }) => parameters),
  };
}
