/**
 * The rows of a range as one digest, for comparison: hashed and put together by the server, so that no row has to travel.
 * Each value is written as it is read elsewhere; with the values the columns' types are told.
 */
import type { ColumnSchema, DigestRequest, RangeDigest, TableSchema } from '../../../model';
import { quote, type Session } from '../database';
import { exactText } from '../schema/exact-texts';
import { readColumn } from '../schema/reading';
import { nativeName } from '../schema/types';
import { selectRange } from './key-order';
import { cursorOf, requireColumns } from './scan';
import { columnsOf, readersOf, readTuple, selectList } from './values';

/** As many rows as there are. With a limit the hashes are kept for a moment, and not made again for each half. */
const EVERY_ROW = '18446744073709551615';

/** Halves of 128 bits of each row's hash: a function of the server's that puts numbers together takes 64 bits. */
const HALVES = ['LEFT(r.h, 16)', 'RIGHT(r.h, 16)'];

let unlike = 0;

/** Throws POSITION_INVALID for a cursor of another key, TABLE_UNKNOWN. */
export async function digestRows(session: Session, request: DigestRequest): Promise<RangeDigest> {
  const { columns, key, table, limit } = request;
  const schema = await requireColumns(session, table);
  return session.transaction('snapshot', async () => {
    const range = selectRange({ ...request, table: schema, order: 'common' });
    const end = limit === null ? ` LIMIT ${EVERY_ROW}` : '';
    const sums = HALVES.map((half) => `BIT_XOR(CAST(CONV(${half}, 16, 10) AS UNSIGNED))`);
    const [found = []] = await session.query(
      `SELECT COUNT(*), COUNT(r.h), ${sums.join(', ')}
FROM (SELECT CAST(LEFT(SHA2(${rowText(schema, columns)}, 256), 32) AS BINARY) AS h ${range.sql}${end}) AS r`,
      range.parameters,
      { table: table.name },
    );
    const [rows, hashed, ...sum] = found.map(String);
    const count = Number(rows);
    const types = columnsOf(schema, columns).map(({ declaredType }) => declaredType);
    // A text that is too long for the server is NULL: what holds one is like nothing else.
    const digest = rows === hashed ? JSON.stringify([...sum, types]) : `unlike ${String((unlike += 1))}`;
    if (limit === null || count < limit) return { rows: count, digest, cursor: null };
    const [last] = await session.query(
      `SELECT ${selectList(schema, key, 's')} ${range.sql} OFFSET ${String(count - 1)}`,
      range.parameters,
      { table: table.name },
    );
    const values = last === undefined ? undefined : readTuple(last, readersOf(schema, key));
    return { rows: count, digest, cursor: cursorOf(values, [...key.keys()]) };
  });
}

/** NULL where it is too long. */
function rowText(table: TableSchema, columns: readonly string[]): string {
  return `CONCAT(${columnsOf(table, columns).map(valueText).join(`, ',', `)})`;
}

/** Types whose text holds nothing that separates values. */
const PLAIN = [
  ...['tinyint', 'smallint', 'mediumint', 'int', 'bigint', 'year', 'bit', 'decimal', 'float', 'double'],
  ...['date', 'time', 'datetime', 'timestamp'],
];

const BYTES = ['binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob'];

/** Texts and bytes with their length, so that nothing in them is taken for what separates values. */
function valueText(column: ColumnSchema): string {
  const { name, declaredType, collation } = column;
  const value = readColumn('s', column);
  const native = nativeName(declaredType);
  if (PLAIN.includes(native)) return `IFNULL(${value}, 'N')`;
  const isUtf8 = collation?.startsWith('utf8mb4_') === true;
  const text = isUtf8 ? value : `CONVERT(${value} USING utf8mb4)`;
  const isBytes = BYTES.includes(native) || exactText(name, declaredType, collation) !== null;
  const bytes = isBytes ? value : `CAST(${text} AS BINARY)`;
  return `IF(s.${quote(name)} IS NULL, 'N', CONCAT(LENGTH(${bytes}), ':', ${bytes}))`;
}
