/**
 * What tells a table from another under its name. Nothing fires when a table is truncated, when a partition is dropped,
 * truncated or exchanged, or when a copy takes the table's place; but InnoDB gives the table then another number.
 */
import { featuresOf, type Session } from '../database';

/** By table name, their numbers as one text; empty where the server doesn't tell, for want of a privilege or at all. */
export type Identities = ReadonlyMap<string, string>;

/** Numbers of these tables of a database. */
export async function readIdentities(
  session: Session,
  database: string,
  tables: readonly string[],
): Promise<Identities> {
  const { innodbTables } = await featuresOf(session);
  if (innodbTables === null || tables.length === 0) return new Map();
  const prefix = /^\w*/.exec(database)?.[0] ?? '';
  const rows = await session
    .query(
      `SELECT NAME, TABLE_ID FROM information_schema.${innodbTables} WHERE NAME LIKE ? ORDER BY NAME`,
      // The underscore is a wildcard, which finds some more.
      [`${prefix}%`],
    )
    // The privilege is PROCESS, and what is done without it is said where gaps are read.
    .catch(() => []);
  if (rows.length === 0) return new Map();
  const entries = rows.map(([name, id]) => ({ name: String(name), id: String(id) }));
  return new Map(
    tables.map((table) => {
      const pattern = new RegExp(`^${encodedName(database)}/${encodedName(table)}(?:#[pP]#.*)?$`);
      return [
        table,
        entries
          .filter(({ name }) => pattern.test(name))
          .map(({ id }) => id)
          .join(','),
      ];
    }),
  );
}

/**
 * A name as InnoDB writes it into a file's name, as a pattern: letters of some alphabets have codes of their own, for
 * which any will do. Two tables of such names are then told as one, which hides nothing of either.
 */
function encodedName(name: string): string {
  return Array.from(name)
    .map((character) => {
      if (/^\w$/.test(character)) return character;
      const code = character.charCodeAt(0);
      const hex = `@${code.toString(16).padStart(4, '0')}`;
      return code < 0x80 ? hex : `(?:${hex}|@[0-9a-zA-Z]{2})`;
    })
    .join('');
}
