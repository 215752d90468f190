/** Rows in the common order of the key, for comparison; on a source and on a target alike. */
import { CdcError } from '../../../errors';
import { allowanceOf } from '../../../model';
import type { Cursor, ScanRequest, ScanResult, TableName, TableSchema, Tuple } from '../../../model';
import type { Session } from '../database';
import { readTable } from '../schema/tables';
import { encodeCursor } from './cursor';
import { keyIdentity } from './key-identity';
import { selectRange } from './key-order';
import { readersOf, readTuple, selectList } from './values';

/** Throws POSITION_INVALID for a cursor of another key, TABLE_UNKNOWN, CHUNK_TOO_LARGE. */
export async function scanRows(session: Session, request: ScanRequest): Promise<ScanResult> {
  const { columns, key, table } = request;
  const schema = await requireColumns(session, table);
  const range = selectRange({ ...request, table: schema, order: 'common' });
  const found = await session.query(
    `SELECT ${selectList(schema, columns, 's')} ${range.sql}`,
    range.parameters,
    { table: table.name, allowance: allowanceOf(request.bytes) },
  );
  const readers = readersOf(schema, columns);
  const places = key.map((column) => columns.indexOf(column));
  const rows = found.map((fields) => {
    const row = readTuple(fields, readers);
    return { identity: keyIdentity(keyAt(row, places)), row };
  });
  return { rows, cursor: cursorOf(rows.at(-1)?.row, places) };
}

/** A table's columns as they are now, whether it can be captured or not. Throws TABLE_UNKNOWN. */
export async function requireColumns(session: Session, { name }: TableName): Promise<TableSchema> {
  const detail = await readTable(session, name);
  if (detail !== null) return detail.schema;
  throw new CdcError('TABLE_UNKNOWN', `Database ${session.database} has no table ${name}`, { table: name });
}

/** The key of a row as a cursor; `places` are its columns. Null without a row. */
export function cursorOf(last: Tuple | undefined, places: readonly number[]): Cursor | null {
  return last === undefined ? null : encodeCursor(keyAt(last, places));
}

function keyAt(row: Tuple, places: readonly number[]): Tuple {
  return places.map((place) => row[place] ?? null);
}
