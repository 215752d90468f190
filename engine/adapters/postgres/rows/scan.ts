/** Rows in the common order of the key, for comparison; on a source and on a target alike. */
import { allowanceOf } from '../../../model';
import type { Cursor, ScanRequest, ScanResult, TableSchema } from '../../../model';
import { quote, type Session, type TextRow } from '../database';
import { requireTable } from '../schema/tables';
import { encodeCursor } from './cursor';
import { keyIdentity } from './key-identity';
import { selectRange } from './key-order';
import { readersOf, readTuple, type ValueReader } from './values';

/** Throws POSITION_INVALID for a cursor of another key, TABLE_UNKNOWN, CHUNK_TOO_LARGE. */
export async function scanRows(session: Session, request: ScanRequest): Promise<ScanResult> {
  const { columns, key, table } = request;
  return session.transaction('repeatable read, read only', async () => {
    // Where no index has this order, all rows are sorted; fetching them one by one would be worse.
    if (request.keys === undefined) await session.execute('SET LOCAL enable_seqscan = on');
    const { schema } = await requireTable(session, table);
    const range = await selectRange(session, { ...request, order: 'common' });
    const found = await session.query(`SELECT ${selectList(columns)} ${range.sql}`, range.parameters, {
      allowance: allowanceOf(request.bytes),
    });
    const readers = readersOf(schema, columns);
    const places = key.map((column) => columns.indexOf(column));
    return {
      rows: found.map((row) => ({
        identity: keyIdentity(places.map((place) => row[place] ?? null)),
        row: readTuple(row, readers),
      })),
      cursor: cursorOf(found.at(-1), places, readers),
    };
  });
}

/** Columns of the table `s`. */
export function selectList(columns: readonly string[]): string {
  return columns.map((column) => `s.${quote(column)}`).join(', ');
}

/** The key of a row as a cursor; `places` are its columns. Null without a row. */
export function cursorOf(
  last: TextRow | undefined,
  places: readonly number[],
  readers: readonly ValueReader[],
): Cursor | null {
  if (last === undefined) return null;
  return encodeCursor(
    readTuple(
      places.map((place) => last[place] ?? null),
      places.map((place) => readers[place] ?? String),
    ),
  );
}

/** Readers of a table's key, in order. */
export function keyReaders(schema: TableSchema, key: readonly string[]): readonly ValueReader[] {
  return readersOf(schema, key);
}
