/** When two rows count as equal: by what the types of their columns make of their values, chosen once a table. */
import { displayName, equalityOf, reduceFor, targetNameOf } from '../model';
import type {
  ColumnEquality,
  ColumnSchema,
  ComparedColumn,
  Meaning,
  Reduce,
  ScanResult,
  TableRoute,
  TableSchema,
  Tuple,
  Value,
} from '../model';

/** Whose row it is, or whose key. */
export type Side = 'source' | 'target';

/** Of the rows of one route. */
export interface Likeness {
  /** True where equal values are the same value in all columns, so that digests of both sides can be compared. */
  readonly isExact: boolean;
  /** The key of a scanned row: equal on both sides for the same row. */
  identity(side: Side, entry: ScanResult['rows'][number]): string;
  /** The same of the values of a key: not the same text. */
  keyIdentity(side: Side, key: Tuple): string;
  /** The same text for rows that are equal, another for others. */
  rowText(side: Side, row: Tuple): string;
  /** `place`: of the column in the route. */
  sameValue(place: number, source: Value, target: Value | undefined): boolean;
  /** True when all values count as equal. */
  sameRows(source: Tuple, target: Tuple): boolean;
}

export type LikenessOf = (route: TableRoute) => Likeness;

/** `targets`: the tables of the target, as they are. */
export function createLikeness(sameFamily: boolean, targets: readonly TableSchema[]): LikenessOf {
  const known = new WeakMap<TableRoute, Likeness>();
  return (route) => {
    const likeness = known.get(route) ?? likenessOf(route, sameFamily, targets);
    known.set(route, likeness);
    return likeness;
  };
}

/** Same storage class and same content, of two reads of one side: 1 and 1.0 differ, so do 0.0 and -0.0. */
export function sameValue(one: Value, other: Value | undefined): boolean {
  if (one instanceof Uint8Array && other instanceof Uint8Array) return sameBytes(one, other);
  return Object.is(one, other);
}

function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

function likenessOf(route: TableRoute, sameFamily: boolean, targets: readonly TableSchema[]): Likeness {
  const { key, columns } = route;
  const equalities = equalitiesOf(route, sameFamily, targets);
  const reduces = equalities.map(({ reduce }) => reduce);
  const places = key.map((column) => columns.indexOf(column));
  const keyEqualities = places.flatMap((place) => equalities[place] ?? []);
  const hasExactKey = keyEqualities.every(({ isExact }) => isExact);
  const meanings = {
    source: {
      row: equalities.map(
        ({ source, reduce }): Meaning =>
          (value) =>
            source(reduce(value)),
      ),
      key: keyEqualities.map(({ source }) => source),
    },
    target: { row: equalities.map(({ target }) => target), key: keyEqualities.map(({ target }) => target) },
  } as const;
  const keyIdentity = (side: Side, values: Tuple): string =>
    // -0.0 and 0.0 are the same key to every index.
    textOf(
      meanings[side].key,
      values.map((value) => (value === 0 ? 0 : value)),
    );
  const same = (place: number, read: Value, target: Value | undefined): boolean => {
    if (target === undefined) return false;
    // The target was given what the value was altered to, which may be NULL.
    const source = reduces[place]?.(read) ?? null;
    if (source === null || target === null) return source === target;
    if (sameValue(source, target)) return true;
    const equality = equalities[place];
    return equality?.isExact === false && equality.source(source) === equality.target(target);
  };
  return {
    isExact: equalities.every(({ isExact }) => isExact),
    identity: (side, { identity, row }) =>
      hasExactKey
        ? identity
        : keyIdentity(
            side,
            places.map((place) => row[place] ?? null),
          ),
    keyIdentity,
    rowText: (side, row) => textOf(meanings[side].row, row),
    sameValue: same,
    sameRows: (source, target) => source.every((value, place) => same(place, value, target[place])),
  };
}

function textOf(meanings: readonly Meaning[], values: Tuple): string {
  return JSON.stringify(meanings.map((meaning, place) => meaning(values[place] ?? null)));
}

/** In the order of the route's columns. */
function equalitiesOf(
  route: TableRoute,
  sameFamily: boolean,
  targets: readonly TableSchema[],
): readonly (ColumnEquality & { readonly reduce: Reduce })[] {
  const there = targets.find(({ name }) => displayName(name) === displayName(route.target));
  return route.columns.map((name) => {
    const source = columnOf(route.source.columns, name) ?? GONE;
    const target = columnOf(there?.columns ?? [], targetNameOf(route, name));
    const equality = equalityOf(source, target ?? source, sameFamily);
    if (route.types?.[name]?.lossy !== true || target === undefined)
      return { ...equality, reduce: unaltered };
    return { ...equality, reduce: reduceFor(target), isExact: false };
  });
}

const unaltered: Reduce = (value) => value;

/** SQLite compares names without regard to case. */
function columnOf(columns: readonly ColumnSchema[], name: string): ColumnSchema | undefined {
  return (
    columns.find((column) => column.name === name) ??
    columns.find((column) => column.name.toLowerCase() === name.toLowerCase())
  );
}

/** A column that the source has not any more: reading it says so. */
const GONE: ComparedColumn = { declaredType: '', type: { kind: 'text', length: null } };
