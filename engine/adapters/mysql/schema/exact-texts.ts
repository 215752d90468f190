/**
 * Texts that can't be told in Unicode. The servers answer a question mark, or a text that is no UTF-8, for a letter that
 * Unicode lacks, and one empty text for all that an ENUM or a SET has beside its members' names. Such values are read as
 * bytes that are no UTF-8, from which the reader knows them; all others as the bytes of their UTF-8.
 */
import { IN_UNICODE } from './type-table';
import { membersOf, nativeName } from './types';

const TEXTS = ['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext'];

/** No UTF-8 begins with it. */
const NO_TEXT = `X'FF'`;

/** The expression that reads a column so; null for a column whose values are all read as they are shown. */
export function exactText(column: string, declared: string, collation: string | null): string | null {
  const native = nativeName(declared);
  const isLost = lostBy(column, native, declared, collation);
  if (isLost === null) return null;
  return `IF(${isLost}, CONCAT(${NO_TEXT}, ${original(column, native)}), ${utf8(column)})`;
}

function utf8(column: string): string {
  return `CAST(CONVERT(${column} USING utf8mb4) AS BINARY)`;
}

/** What tells such values from each other. */
function original(column: string, native: string): string {
  return native === 'enum' || native === 'set'
    ? `CAST(${column} + 0 AS BINARY)`
    : `CAST(${column} AS BINARY)`;
}

/** The condition for a value that its text does not tell; null where there is none. */
function lostBy(column: string, native: string, declared: string, collation: string | null): string | null {
  if (native === 'enum') return membersOf(declared).includes('') ? `${column} + 0 = 0` : null;
  if (native === 'set') {
    const place = membersOf(declared).indexOf('');
    return place < 0 ? null : `(${column} + 0) & (1 << ${place}) <> 0`;
  }
  const charset = /^[a-z0-9]+/.exec(collation ?? '')?.[0] ?? '';
  if (!TEXTS.includes(native) || charset === '' || IN_UNICODE.includes(charset)) return null;
  const there = `CONVERT(${column} USING utf8mb4)`;
  const back = `CONVERT(${there} USING ${charset})`;
  // Some letters have several codes, and come back as the first: they are told all the same.
  return `COALESCE(LOCATE('?', ${there}), 1) > 0 AND NOT CAST(${back} AS BINARY) <=> CAST(${column} AS BINARY)`;
}
