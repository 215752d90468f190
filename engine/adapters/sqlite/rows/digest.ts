/**
 * The rows of a range as one digest, for comparison: computed here in the database's thread from texts that SQLite makes
 * of the rows, so that no row has to travel. A text is its bytes in hexadecimal, since it may be no valid Unicode and may
 * hold zeros; all else is a literal, which keeps storage class and every bit.
 */
import { createHash } from 'node:crypto';
import type { DigestRequest, RangeDigest } from '../../../model';
import { quote } from '../database/identifiers';
import type { Session } from '../database/session';
import { selectExact } from './exact-rows';
import { selectRange } from './key-range';
import { cursorOf } from './scan';

/** Hashing many short texts costs more than a few long ones. */
const PIECE = 64 * 1024;

/** A function of SQLite takes 127 arguments at least. */
const MOST_ARGUMENTS = 100;

/** Throws POSITION_INVALID for a cursor of another key. */
export function digestRows(session: Session, request: DigestRequest): RangeDigest {
  const { columns, key, table } = request;
  const range = selectRange(table.name, key, request);
  return session.db
    .transaction((): RangeDigest => {
      const hash = createHash('sha256');
      let piece = '';
      let rows = 0;
      for (const [text] of session.iterate(`SELECT ${rowText(columns)} ${range.sql}`, ...range.parameters)) {
        rows += 1;
        piece += `${String(text)}\n`;
        if (piece.length < PIECE) continue;
        hash.update(piece);
        piece = '';
      }
      const digest = hash.update(piece).digest('hex');
      if (request.limit === null || rows < request.limit) return { rows, digest, cursor: null };
      const [last] = selectExact(session, key.map(quote), `${range.sql} OFFSET ?`, [
        ...range.parameters,
        BigInt(rows - 1),
      ]);
      return { rows, digest, cursor: cursorOf(last, [...key.keys()]) };
    })
    .deferred();
}

function rowText(columns: readonly string[]): string {
  const texts = columns.map((column) => {
    const name = quote(column);
    // A literal has no sign of zero; the angle of a point beside it has.
    return `CASE typeof(${name}) WHEN 'text' THEN 't' || hex(${name})
WHEN 'real' THEN iif(${name} = 0, quote(atan2(${name}, -1)), quote(${name})) ELSE quote(${name}) END`;
  });
  const groups: string[] = [];
  for (let from = 0; from < texts.length; from += MOST_ARGUMENTS) {
    groups.push(`concat_ws('|', ${texts.slice(from, from + MOST_ARGUMENTS).join(', ')})`);
  }
  return groups.join(` || '|' || `);
}
