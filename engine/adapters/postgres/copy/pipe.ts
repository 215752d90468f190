/** COPY out of one server straight into another: rows pass through this process as bytes that nobody parses. */
import { quoteText, toDatabaseError, type Parameter, type Session } from '../database';
import { PipeError, pipeFrames } from './frames';

/** How the rows travel. Binary only between equal types: between others it would be read as something else. */
export type CopyFormat = 'binary' | 'text';

/**
 * Copies what `query` answers into `into` (`table (columns)`) and returns how many rows it was. `table`: display name of
 * the source table that it is about. Both sessions can be used again after a row was refused.
 */
export async function pipeRows(
  reader: Session,
  query: string,
  writer: Session,
  into: string,
  format: CopyFormat,
  table: string,
): Promise<number> {
  try {
    return await pipeFrames(
      reader.client,
      `COPY (${query}) TO STDOUT (FORMAT ${format})`,
      writer.client,
      `COPY ${into} FROM STDIN (FORMAT ${format})`,
    );
  } catch (error) {
    if (!(error instanceof PipeError)) throw error;
    if (error.side === 'writer') throw toDatabaseError(error.cause, writer.database, { lost: writer.isLost });
    throw toDatabaseError(error.cause, reader.database, { lost: reader.isLost, table });
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
