/** Conditions that choose rows (`where`): how they stand in SQL, and what is wrong with them. */
import { CdcError, isCdcError } from '../errors';

/** In brackets, and on lines of its own, so that it stays one condition whatever stands around it. */
export function filterSql(where: string): string {
  return `(\n${where}\n)`;
}

/** ` AND (…)`, or nothing where all rows are meant. */
export function andFilter(where: string | null | undefined): string {
  return where === null || where === undefined ? '' : ` AND ${filterSql(where)}`;
}

/** A condition with nothing left of what stands in quotes: words in it are names, functions and keywords. */
export function unquoted(where: string): string {
  return where.replaceAll(/'[^']*'|"[^"]*"|`[^`]*`/g, ' ');
}

/** Longest complaint of a database that is repeated. */
const LONGEST = 200;

/** What a database says of a condition that it was shown without any row, so that no value of one can be in it. */
export function complaintOf(error: unknown): string {
  // The driver's errors can come from another realm, which `instanceof` does not know.
  const cause = isCdcError(error) ? error.cause : error;
  const message: unknown =
    typeof cause === 'object' && cause !== null && 'message' in cause ? cause.message : undefined;
  const text = (typeof message === 'string' ? message : 'it is not valid here')
    .replaceAll(/\s+/g, ' ')
    .trim();
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

/** For a condition that the source does not take. */
export function filterRefused(table: string, says: string): CdcError {
  return new CdcError('FILTER_INVALID', `Table ${table}: \`where\` is refused: ${says}`, { table });
}

/** For a condition that cannot be evaluated over rows that are there; what the database says can hold their values. */
export function filterFails(table: string, cause: unknown): CdcError {
  return new CdcError('FILTER_INVALID', `Table ${table}: \`where\` cannot be evaluated for all of its rows`, {
    hint: 'Write it so that it has an answer for any row.',
    table,
    cause,
  });
}

/** For a condition that has no answer for a row which is read: its table waits until the row or the condition is mended. */
export function filterStops(table: string, cause: unknown): CdcError {
  return new CdcError('TYPE_MISMATCH', `Table ${table}: \`where\` cannot be evaluated for one of its rows`, {
    hint: 'Mend the row, or write the condition so that it has an answer for any row.',
    table,
    cause,
  });
}
