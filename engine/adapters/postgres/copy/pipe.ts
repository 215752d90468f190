/** COPY out of one server straight into another: rows pass through this process as bytes that nobody parses. */
import { pipeline } from 'node:stream/promises';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { quoteText, toDatabaseError, type Parameter, type Session } from '../database';

/** How the rows travel. Binary only between equal types: between others it would be read as something else. */
export type CopyFormat = 'binary' | 'text';

/**
 * Copies what `query` answers into `into` (`table (columns)`) and returns how many rows it was. `table`: display name of
 * the source table that it is about.
 */
export async function pipeRows(
  reader: Session,
  query: string,
  writer: Session,
  into: string,
  format: CopyFormat,
  table: string,
): Promise<number> {
  let ofReader: unknown = null;
  const rows = reader.client.query(copyTo(`COPY (${query}) TO STDOUT (FORMAT ${format})`));
  rows.once('error', (error) => (ofReader = error));
  const sink = writer.client.query(copyFrom(`COPY ${into} FROM STDIN (FORMAT ${format})`));
  try {
    await pipeline(rows, sink);
    return sink.rowCount;
  } catch (error) {
    if (ofReader === null) throw toDatabaseError(error, writer.database, { lost: writer.isLost });
    throw toDatabaseError(ofReader, reader.database, { lost: reader.isLost, table });
  }
}

/** A statement with its parameters written into it as literals, for COPY, which takes none. Names and texts are left alone. */
export function writeParameters(sql: string, parameters: readonly Parameter[]): string {
  return sql.replaceAll(
    /"(?:[^"]|"")*"|'(?:[^']|'')*'|\$(\d+)/g,
    (found: string, place: string | undefined) => {
      if (place === undefined) return found;
      const value = parameters[Number(place) - 1] ?? null;
      return value === null ? 'NULL' : quoteText(String(value));
    },
  );
}
