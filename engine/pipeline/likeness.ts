/** When two rows count as equal: strictly within a family, by what values mean between families. */
import { displayName, encodeCursor, targetNameOf } from '../model';
import type { ColumnSchema, ScanResult, TableRoute, TableSchema, Tuple, Value } from '../model';

export interface Likeness {
  /** The key of a scanned row: equal on both sides for the same row. */
  identity(route: TableRoute, entry: ScanResult['rows'][number]): string;
  /** The same of the values of a key: not the same text. */
  keyIdentity(route: TableRoute, key: Tuple): string;
  /** The same text for rows whose values are all the same, another for others. */
  rowText(row: Tuple): string;
  sameValue(one: Value, other: Value | undefined): boolean;
}

/** `targets`: the tables of the target, as they are. */
export function likenessOf(sameFamily: boolean, targets: readonly TableSchema[]): Likeness {
  return sameFamily ? STRICT : betweenFamilies(targets);
}

/** Same storage class and same content: 1 and 1.0 differ, so do 0.0 and -0.0. */
export function sameValue(one: Value, other: Value | undefined): boolean {
  if (one instanceof Uint8Array && other instanceof Uint8Array) {
    return one.length === other.length && one.every((byte, index) => byte === other[index]);
  }
  return Object.is(one, other);
}

const STRICT: Likeness = {
  identity: (_, entry) => entry.identity,
  // -0.0 and 0.0 are the same key to every index.
  keyIdentity: (_, key) => encodeCursor(key.map((value) => (value === 0 ? 0 : value))),
  // In a cursor true and false are integers.
  rowText: (row) => encodeCursor(row) + row.map((value) => (typeof value === 'boolean' ? 'b' : '-')).join(''),
  sameValue,
};

/** What one database calls true or 0.5 is 1 or '0.5' in another, and its name for a key is its own. */
function betweenFamilies(targets: readonly TableSchema[]): Likeness {
  const known = new WeakMap<TableRoute, readonly boolean[]>();
  const keyIdentity = (route: TableRoute, key: Tuple): string => {
    const isText = known.get(route) ?? textKeys(route, targets);
    known.set(route, isText);
    return JSON.stringify(
      key.map((value, place) =>
        isText[place] === true && typeof value === 'string' ? value : meaningOf(value),
      ),
    );
  };
  return {
    identity: (route, { row }) =>
      keyIdentity(
        route,
        route.key.map((column) => row[route.columns.indexOf(column)] ?? null),
      ),
    keyIdentity,
    rowText: (row) => JSON.stringify(row.map(meaningOf)),
    sameValue: (one, other) =>
      other !== undefined && (sameValue(one, other) || meaningOf(one) === meaningOf(other)),
  };
}

/** Which columns of a key are text on both sides: there '7' and '007' are two keys. */
function textKeys(route: TableRoute, targets: readonly TableSchema[]): readonly boolean[] {
  const { key, source, target } = route;
  const there = targets.find(({ name }) => displayName(name) === displayName(target));
  return key.map(
    (name) =>
      isText(columnOf(source.columns, name)) &&
      isText(columnOf(there?.columns ?? [], targetNameOf(route, name))),
  );
}

/** SQLite compares names without regard to case. */
function columnOf(columns: readonly ColumnSchema[], name: string): ColumnSchema | undefined {
  return (
    columns.find((column) => column.name === name) ??
    columns.find((column) => column.name.toLowerCase() === name.toLowerCase())
  );
}

function isText(column: ColumnSchema | undefined): boolean {
  const type = column?.type;
  return type?.kind === 'text' || (type?.kind === 'dynamic' && type.affinity === 'text');
}

function meaningOf(value: Value): string | null {
  if (value === null) return null;
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`;
  if (typeof value === 'boolean') return value ? '1' : '0';
  const text = typeof value === 'number' && Object.is(value, -0) ? '-0' : String(value);
  return timeOf(text) ?? decimalOf(text);
}

/** A time in one spelling: databases write zeros at the end of a fraction, and UTC, or leave them out. */
function timeOf(text: string): string | null {
  const match = /^((?:\d{4,}-\d\d-\d\d[ T])?-?\d{2,3}:\d\d:\d\d)(?:\.(\d+))?(?:\+00(?::?00)?|Z)?( BC)?$/.exec(
    text,
  );
  if (match === null) return null;
  const [, whole = '', fraction = '', era = ''] = match;
  const kept = fraction.replace(/0+$/, '');
  return `${whole.replace('T', ' ')}${kept === '' ? '' : `.${kept}`}${era}`;
}

/** A decimal number in one spelling, with all its digits; any other text as it is. */
function decimalOf(text: string): string {
  const match = /^([-+]?)(\d+)(?:\.(\d+))?(?:e([-+]?\d{1,4}))?$/i.exec(text);
  if (match === null) return text;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const shift = Number(exponent);
  const digits = whole + fraction;
  const point = whole.length + shift;
  const integer = point <= 0 ? '' : digits.slice(0, point).padEnd(point, '0');
  const rest = point <= 0 ? '0'.repeat(-point) + digits : digits.slice(point);
  const kept = rest.replace(/0+$/, '');
  const number = `${integer.replace(/^0+/, '') || '0'}${kept === '' ? '' : `.${kept}`}`;
  return `${sign === '-' ? '-' : ''}${number}`;
}
