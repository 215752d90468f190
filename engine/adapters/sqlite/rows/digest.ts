/**
 * The rows of a range as one digest, for comparison: computed in the database's thread from texts that SQLite makes of
 * the rows, so that no row has to travel. Each value is written so that storage class and content can be told.
 */
import { createHash } from 'node:crypto';
import type { DigestRequest, RangeDigest } from '../../../model';
import { encodingOf } from '../database/encoding';
import { quote } from '../database/identifiers';
import type { Session } from '../database/session';
import { selectExact, suspectIn } from './exact-rows';
import { selectRange } from './key-range';
import { cursorOf } from './scan';

/** Hashing many short texts costs more than a few long ones. */
const PIECE = 64 * 1024;

/** A function of SQLite takes 127 arguments at least. */
const MOST_ARGUMENTS = 100;

/** Throws POSITION_INVALID for a cursor of another key. */
export function digestRows(session: Session, request: DigestRequest): RangeDigest {
  const { table, columns, key, limit } = request;
  const range = selectRange(table.name, key, request);
  const isSuspect = suspectIn(encodingOf(session));
  const hash = (inHex: boolean) => hashTexts(textsOf(session, rowText(columns, inHex), range), isSuspect);
  return session.db
    .transaction((): RangeDigest => {
      const plain = hash(false);
      // Text that no string of JavaScript holds is told apart by its bytes.
      const { rows, digest } = plain.isLossy ? hash(true) : plain;
      if (limit === null || rows < limit) return { rows, digest, cursor: null };
      const [last] = selectExact(session, key.map(quote), `${range.sql} OFFSET ?`, [
        ...range.parameters,
        BigInt(rows - 1),
      ]);
      return { rows, digest, cursor: cursorOf(last, [...key.keys()]) };
    })
    .deferred();
}

/** One text a row. */
function textsOf(
  session: Session,
  column: string,
  { sql, parameters }: ReturnType<typeof selectRange>,
): Iterable<string> {
  return session.db
    .prepare<unknown[], string>(`SELECT ${column} ${sql}`)
    .pluck()
    .iterate(...parameters);
}

interface Hashed {
  readonly rows: number;
  readonly digest: string;
  /** True where a text may not be what the database holds. */
  readonly isLossy: boolean;
}

function hashTexts(rowTexts: Iterable<string>, isSuspect: (text: string) => boolean): Hashed {
  const hash = createHash('sha256');
  let piece = '';
  let rows = 0;
  let isLossy = false;
  const take = (part: string): void => {
    isLossy ||= isSuspect(part);
    hash.update(part);
  };
  for (const text of rowTexts) {
    rows += 1;
    if (text.length < PIECE) piece += text;
    else {
      // A long one is copied no more often than it must be.
      take(piece);
      take(text);
      piece = '';
    }
    piece += '\n';
    if (piece.length < PIECE) continue;
    take(piece);
    piece = '';
  }
  take(piece);
  return { rows, digest: hash.digest('hex'), isLossy };
}

function rowText(columns: readonly string[], inHex: boolean): string {
  const values = columns.map((column) => valueText(quote(column), inHex));
  const groups: string[] = [];
  for (let from = 0; from < values.length; from += MOST_ARGUMENTS) {
    groups.push(`concat_ws('|', ${values.slice(from, from + MOST_ARGUMENTS).join(', ')})`);
  }
  return groups.join(` || '|' || `);
}

/** Text with its length, so that nothing in it is taken for what separates values; all else as a literal. */
function valueText(column: string, inHex: boolean): string {
  const text = inHex ? `'t' || hex(${column})` : `octet_length(${column}) || ':' || ${column}`;
  // A literal has no sign of zero; the angle to a point beside it has.
  return `CASE typeof(${column}) WHEN 'text' THEN ${text} WHEN 'integer' THEN ${column}
WHEN 'real' THEN iif(${column} = 0, quote(atan2(${column}, -1)), quote(${column})) ELSE quote(${column}) END`;
}
