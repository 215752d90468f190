/** The statements that bring staged rows into a target table, cut to what the server takes at once. */
import { quote } from '../database';
import type { TargetShape } from './shape';
import type { StagedKey, StagedRow } from './staging';

/** More rows in a statement don't make it faster, and fewer are lost with one that fails. */
const MOST_ROWS = 1_000;
/** MariaDB turns longer lists into a subquery. */
const MOST_KEYS = 500;
/** Larger statements don't make it faster either. */
const WANTED_BYTES = 4 * 1024 * 1024;
/** Room for what a statement has besides its rows: names of columns, above all. */
const FRAME_BYTES = 64 * 1024;

/** Bytes that the rows of a statement may have. Beyond `max_allowed_packet` the server ends the connection. */
export function mostBytes(maxPacket: number): number {
  return Math.max(1_024, maxPacket - FRAME_BYTES);
}

/** Cuts items into pieces of limited number and size. One that is larger stands alone. */
function* pieces<T>(
  items: readonly T[],
  textOf: (item: T) => string,
  most: { readonly items: number; readonly bytes: number },
): Generator<readonly string[]> {
  let piece: string[] = [];
  let bytes = 0;
  for (const item of items) {
    const text = textOf(item);
    const size = Buffer.byteLength(text) + 2;
    if (piece.length > 0 && (piece.length >= most.items || bytes + size > most.bytes)) {
      yield piece;
      piece = [];
      bytes = 0;
    }
    piece.push(text);
    bytes += size;
  }
  if (piece.length > 0) yield piece;
}

function limits(maxPacket: number, items: number): { readonly items: number; readonly bytes: number } {
  return { items, bytes: Math.min(WANTED_BYTES, mostBytes(maxPacket)) };
}

/** The key's columns, as they stand before IN. */
export function keyColumns({ key }: TargetShape, alias = ''): string {
  const names = key.map(({ name }) => `${alias}${quote(name)}`);
  return names.length === 1 ? (names[0] ?? '') : `(${names.join(', ')})`;
}

export function* insertSql(
  shape: TargetShape,
  rows: readonly StagedRow[],
  maxPacket: number,
  ending = '',
): Generator<string> {
  const names = shape.columns.map(({ name }) => quote(name)).join(', ');
  const text = (row: StagedRow): string => `(${row.values.join(', ')})`;
  for (const piece of pieces(rows, text, limits(maxPacket, MOST_ROWS))) {
    yield `INSERT INTO ${shape.table} (${names}) VALUES\n${piece.join(',\n')}${ending}`;
  }
}

/**
 * Rows by key. Where the table has other unique indexes, only for rows whose key is there, and is looked at first:
 * else the server would take a row of another key for the one.
 */
export function upsertSql(
  shape: TargetShape,
  rows: readonly StagedRow[],
  maxPacket: number,
): Generator<string> {
  const written = shape.columns.filter((column) => !shape.key.includes(column) || column.respelled);
  const assigned = written.length > 0 ? written : shape.key.slice(0, 1);
  const assignments = assigned.map(({ name }) => `${quote(name)} = VALUES(${quote(name)})`);
  return insertSql(shape, rows, maxPacket, `\nON DUPLICATE KEY UPDATE ${assignments.join(', ')}`);
}

export function updateSql(shape: TargetShape, { values, keySql }: StagedRow): string {
  const assignments = shape.columns.map(({ name }, index) => `${quote(name)} = ${values[index] ?? 'NULL'}`);
  return `UPDATE ${shape.table} SET ${assignments.join(', ')} WHERE ${keyColumns(shape)} = ${keySql}`;
}

export function* deleteSql(
  shape: TargetShape,
  keys: readonly Pick<StagedKey, 'keySql'>[],
  maxPacket: number,
): Generator<string> {
  for (const list of keyLists(keys, maxPacket)) {
    yield `DELETE FROM ${shape.table} WHERE ${keyColumns(shape)} IN (${list})`;
  }
}

/** Keys as they stand between the brackets of an IN. */
export function* keyLists(keys: readonly Pick<StagedKey, 'keySql'>[], maxPacket: number): Generator<string> {
  for (const piece of pieces(keys, ({ keySql }) => keySql, limits(maxPacket, MOST_KEYS)))
    yield piece.join(', ');
}

/**
 * Deletes whatever stands in the way of staged rows in a unique index other than the key, but for rows that are staged
 * themselves, under `kept`.
 */
export function* clearSql(
  shape: TargetShape,
  rows: readonly StagedRow[],
  kept: readonly StagedKey[],
  maxPacket: number,
): Generator<string> {
  const except =
    kept.length === 0
      ? ''
      : ` AND ${keyColumns(shape)} NOT IN (${kept.map(({ keySql }) => keySql).join(', ')})`;
  for (const unique of shape.uniques) {
    const names = unique.map((place) => quote(shape.columns[place]?.name ?? ''));
    const wanted = rows.flatMap(({ values }) => {
      const parts = unique.map((place) => values[place] ?? 'NULL');
      return parts.includes('NULL') ? [] : [parts.length === 1 ? (parts[0] ?? '') : `(${parts.join(', ')})`];
    });
    const left = names.length === 1 ? (names[0] ?? '') : `(${names.join(', ')})`;
    for (const list of keyLists(
      wanted.map((keySql) => ({ keySql })),
      maxPacket,
    )) {
      yield `DELETE FROM ${shape.table} WHERE ${left} IN (${list})${except}`;
    }
  }
}
