/**
 * How much is read at once, so that it fits into the memory of the worker whatever a row takes. Who reads rows counts
 * what they take while they come, and gives up where that is more than it may be; then fewer are asked for. So rows that
 * are small cost nothing more than being counted, and of those that are large none but the first is held too many.
 */
import { CdcError, isCdcError } from '../errors';
import type { Tuple } from './value';

/** About how much memory the rows of a chunk may take, where it has more than one. */
export const BYTES_IN_MEMORY = 64 * 1024 * 1024;

/** What a reader may hold. */
export interface Allowance {
  /**
   * Counts a row that was read, values of any kind. False: with it there is more than may be held, so that it and all
   * before it are to be dropped and `chunkTooLarge` thrown. The first row may take whatever it takes.
   */
  take(row: readonly unknown[]): boolean;
}

/** One for all that is read together. Null: there is no limit, so that nothing need be counted. */
export function allowanceOf(bytes: number | null | undefined): Allowance | null {
  if (bytes === null || bytes === undefined) return null;
  let left = bytes;
  let isFirst = true;
  return {
    take(row) {
      left -= bytesOf(row);
      const fits = left >= 0 || isFirst;
      isFirst = false;
      return fits;
    },
  };
}

/** For whoever asked for rows: fewer of them have to do. */
export function chunkTooLarge(table?: string): CdcError {
  const what = table === undefined ? 'Rows' : `Rows of table ${table}`;
  return new CdcError(
    'CHUNK_TOO_LARGE',
    `${what} take more memory than may be held at once`,
    table === undefined ? {} : { table },
  );
}

/** How many rows to ask for, and what they may take; null: whatever it is. */
export interface Portion {
  readonly rows: number;
  readonly bytes: number | null;
}

/** Remembers how many rows fit, from one read to the next. */
export interface Fitting {
  /**
   * Reads up to `wanted` rows, fewer where these are too large. `read` throws CHUNK_TOO_LARGE to be asked for fewer; of
   * the last one it may not. `rowsOf`: what came, to be measured where rows are large; null where it does not show.
   */
  read<T>(
    wanted: number,
    read: (portion: Portion) => Promise<T>,
    rowsOf: ((result: T) => Iterable<Tuple>) | null,
  ): Promise<T>;
}

/** Numbers of rows differ by this factor, so that they seldom change: what is planned for one is good for the next. */
const STEP = 4;

/** As many rows as nobody asks for. */
const MANY = STEP ** 9;

/** Reads that succeed before as many rows are tried again as were too many; twice as many after each time in vain. */
const FIRST_PATIENCE = 8;
const MOST_PATIENCE = 1_024;

/**
 * `bytes`: about as much as rows may take. What came is measured, and what is on its way is counted by whoever reads it:
 * bytes may come as twice as many letters. So a number that was too large is not tried again at once.
 */
export function createFitting(bytes: number = BYTES_IN_MEMORY): Fitting {
  let most = Infinity;
  let tooMany = Infinity;
  let patience = FIRST_PATIENCE;
  let waited = 0;
  const next = (count: number, fitting: number): number => {
    // More than now only if these are as many as there may be, and one step only.
    const wanted = Math.min(count < most ? most : STEP * most, fitting);
    if (wanted >= tooMany && waited < patience) return stepBelow(tooMany / STEP);
    return wanted < MANY ? wanted : Infinity;
  };
  return {
    async read(wanted, read, rowsOf) {
      for (;;) {
        const rows = Math.min(wanted, most);
        try {
          const result = await read({ rows, bytes: rows === 1 ? null : bytes });
          if (most === Infinity) return result;
          waited += 1;
          const { count, fitting } = rowsOf === null ? UNKNOWN : measure(rowsOf(result), bytes);
          if (count > 0) most = next(count, fitting);
          return result;
        } catch (error) {
          if (!isCdcError(error, 'CHUNK_TOO_LARGE')) throw error;
          if (rows === 1) throw ofOneRow(error);
          patience = rows === tooMany ? Math.min(MOST_PATIENCE, 2 * patience) : FIRST_PATIENCE;
          tooMany = rows;
          waited = 0;
          most = stepBelow(rows / STEP);
        }
      }
    },
  };
}

/** Where it does not show what came, it may have been as much as was asked for. */
const UNKNOWN = { count: Infinity, fitting: Infinity };

/** How many rows there are, and how many like these fill half of the memory. */
function measure(rows: Iterable<Tuple>, bytes: number): { readonly count: number; readonly fitting: number } {
  let [count, held] = [0, 0];
  for (const row of rows) {
    count += 1;
    held += bytesOf(row);
  }
  return { count, fitting: stepBelow((count * bytes) / (2 * Math.max(held, 1))) };
}

function ofOneRow(error: CdcError): CdcError {
  const { message, table, cause } = error;
  return new CdcError('CHUNK_TOO_LARGE', message, {
    retryable: false,
    hint: 'The adapter refuses a row that comes alone, which it has to take: report it to whoever made it.',
    cause,
    ...(table === null ? {} : { table }),
  });
}

function stepBelow(rows: number): number {
  let step = 1;
  while (step * STEP <= rows) step *= STEP;
  return step;
}

/** What a row takes in memory, roughly. */
export function bytesOf(row: readonly unknown[]): number {
  let bytes = 0;
  for (const value of row) bytes += sizeOf(value);
  return bytes;
}

/** The same of one value. */
export function sizeOf(value: unknown): number {
  if (typeof value === 'string') return 16 + 2 * value.length;
  return value instanceof Uint8Array ? 64 + value.length : 16;
}
