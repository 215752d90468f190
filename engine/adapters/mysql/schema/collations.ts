/** What collations take for equal: by that two keys are one, or not. */
import type { Session } from '../database';

/** True where texts are equal only if their bytes are, blanks at the end among them. */
export function comparesBytes(collation: string | null): boolean {
  return collation !== null && /^(utf8mb4_0900_bin|\w+_nopad_bin)$/.test(collation);
}

/** True where blanks at the end don't count. */
export function ignoresBlanks(collation: string | null): boolean {
  return collation !== null && !/_nopad_|_0900_/.test(collation);
}

/** Of the server by their full names, each with its character set. */
export async function readCollations(session: Session): Promise<ReadonlyMap<string, string>> {
  // MariaDB has some collations once for several character sets, and tells the full name in a column more.
  const rows = await session.query('SELECT * FROM information_schema.COLLATION_CHARACTER_SET_APPLICABILITY');
  return new Map(rows.map(([name, charset, full]) => [String(full ?? name), String(charset)]));
}
