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

/** Bytes of a value that no text is made of. */
const LONG = 64 * 1024;

/** Stands in the place of such a value. In a text it says no more than that there may be one. */
const LONG_MARK = '\u0001long\u0001';

/** Throws POSITION_INVALID for a cursor of another key. */
export function digestRows(session: Session, request: DigestRequest): RangeDigest {
  const { table, columns, key, limit } = request;
  const range = selectRange(table.name, key, request);
  return session.db
    .transaction((): RangeDigest => {
      const { rows, digest } = hashRows(session, columns, range);
      if (limit === null || rows < limit) return { rows, digest, cursor: null };
      const [last] = selectExact(session, key.map(quote), `${range.sql} OFFSET ?`, [
        ...range.parameters,
        BigInt(rows - 1),
      ]);
      return { rows, digest, cursor: cursorOf(last, [...key.keys()]) };
    })
    .deferred();
}

type Range = ReturnType<typeof selectRange>;

/** How rows are looked at: their texts with letters or in hexadecimal digits, and what is long in them, or that it is. */
interface Look {
  readonly inHex: boolean;
  readonly withLong: boolean;
}

interface Hashed {
  readonly rows: number;
  readonly digest: string;
  /** True where a text may not be what the database holds. */
  readonly isLossy: boolean;
  /** True where a value may be long. */
  readonly isLong: boolean;
}

/** The same rows are looked at in the same way, whichever database holds them. */
function hashRows(session: Session, columns: readonly string[], range: Range): Hashed {
  const isSuspect = suspectIn(encodingOf(session));
  const hash = (look: Look): Hashed =>
    hashTexts(
      look.withLong ? withLong(session, columns, look, range) : texts(session, columns, look, range),
      isSuspect,
    );
  const plain = hash({ inHex: false, withLong: false });
  if (!plain.isLossy && !plain.isLong) return plain;
  // Text that no string of JavaScript holds is told apart by its bytes.
  return hash({ inHex: plain.isLossy, withLong: plain.isLong });
}

/** One text a row. */
function texts(
  session: Session,
  columns: readonly string[],
  look: Look,
  { sql, parameters }: Range,
): Iterable<string> {
  return session.db
    .prepare<unknown[], string>(`SELECT ${rowText(columns, look)} ${sql}`)
    .pluck()
    .iterate(...parameters);
}

/** The same, and after each text the bytes of what is long in its row. */
function* withLong(
  session: Session,
  columns: readonly string[],
  look: Look,
  { sql, parameters }: Range,
): Iterable<string | Uint8Array> {
  const long = columns.map(
    (column) => `CASE WHEN ${isLong(quote(column))} THEN CAST(${quote(column)} AS BLOB) END`,
  );
  const rows = session.db
    .prepare<unknown[], readonly (string | Uint8Array | null)[]>(
      `SELECT ${[rowText(columns, look), ...long].join(', ')} ${sql}`,
    )
    .raw(true)
    .iterate(...parameters);
  for (const row of rows) yield* row.filter((part) => part !== null);
}

function hashTexts(parts: Iterable<string | Uint8Array>, isSuspect: (text: string) => boolean): Hashed {
  const hash = createHash('sha256');
  let piece = '';
  let [rows, isLossy, isLongOne] = [0, false, false];
  const take = (): void => {
    isLossy ||= isSuspect(piece);
    isLongOne ||= piece.includes(LONG_MARK);
    hash.update(piece);
    piece = '';
  };
  for (const part of parts) {
    if (typeof part !== 'string') {
      take();
      hash.update(part);
      continue;
    }
    rows += 1;
    piece += part;
    piece += '\n';
    if (piece.length >= PIECE) take();
  }
  take();
  return { rows, digest: hash.digest('hex'), isLossy, isLong: isLongOne };
}

function rowText(columns: readonly string[], { inHex }: Look): string {
  const values = columns.map((column) => valueText(quote(column), inHex));
  const groups: string[] = [];
  for (let from = 0; from < values.length; from += MOST_ARGUMENTS) {
    groups.push(`concat_ws('|', ${values.slice(from, from + MOST_ARGUMENTS).join(', ')})`);
  }
  return groups.join(` || '|' || `);
}

/** Of text and bytes, without reading them. */
function isLong(column: string): string {
  return `typeof(${column}) IN ('text', 'blob') AND octet_length(${column}) > ${LONG}`;
}

/** Text with its length, so that nothing in it is taken for what separates values; all else as a literal. */
function valueText(column: string, inHex: boolean): string {
  const text = inHex ? `'t' || hex(${column})` : `octet_length(${column}) || ':' || ${column}`;
  const long = `'${LONG_MARK}' || typeof(${column}) || octet_length(${column})`;
  const unlessLong = (short: string): string => `iif(octet_length(${column}) > ${LONG}, ${long}, ${short})`;
  // A literal has no sign of zero; the angle to a point beside it has.
  return `CASE typeof(${column}) WHEN 'text' THEN ${unlessLong(text)} WHEN 'integer' THEN ${column}
WHEN 'real' THEN iif(${column} = 0, quote(atan2(${column}, -1)), quote(${column}))
WHEN 'null' THEN 'NULL' ELSE ${unlessLong(`quote(${column})`)} END`;
}
