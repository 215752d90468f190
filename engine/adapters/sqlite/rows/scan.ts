/** Rows in the order of the key, for comparison; on a source and on a target alike. */
import {
  allowanceOf,
  encodeCursor,
  type Cursor,
  type CursorValue,
  type ScanRequest,
  type ScanResult,
  type Tuple,
  type Value,
} from '../../../model';
import { comparableText, selectExact, type ExactRow } from './exact-rows';
import { quote } from '../database/identifiers';
import { keyIdentity } from './key-identity';
import { selectRange } from './key-range';
import type { Session } from '../database/session';

/** Throws POSITION_INVALID for a cursor of another key, CHUNK_TOO_LARGE. Text that is not valid is told apart, but not readable. */
export function scanRows(session: Session, request: ScanRequest): ScanResult {
  const { columns, key } = request;
  const range = selectRange(request.table.name, key, request);
  const found = session.db
    .transaction(() =>
      selectExact(session, columns.map(quote), range.sql, range.parameters, allowanceOf(request.bytes)),
    )
    .deferred();
  const places = key.map((column) => columns.indexOf(column));
  const rows = found.map((exact) => {
    const row = comparableRow(exact);
    return { identity: keyIdentity(places.map((place) => row[place] ?? null)), row };
  });
  return { rows, cursor: cursorOf(found.at(-1), places) };
}

/** With stand-ins for text that no JavaScript string holds. */
export function comparableRow({ row, invalid }: ExactRow): Tuple {
  if (invalid.length === 0) return row;
  const values: Value[] = [...row];
  for (const text of invalid) values[text.column] = comparableText(text);
  return values;
}

/** The key of a row as a cursor; `places` are its columns. Null without a row. */
export function cursorOf(last: ExactRow | undefined, places: readonly number[]): Cursor | null {
  if (last === undefined) return null;
  return encodeCursor(
    places.map((place): CursorValue => {
      const bytes = last.invalid.find((text) => text.column === place)?.bytes;
      const value = last.row[place] ?? null;
      if (bytes !== undefined) return { rawText: bytes };
      return typeof value === 'boolean' ? BigInt(value) : value;
    }),
  );
}
