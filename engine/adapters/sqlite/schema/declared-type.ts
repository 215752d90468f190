/** A declared type as it is written: SQLite takes any text for one, where it is quoted. */
import { quote } from '../database/identifiers';

/** Words that end a type, or can't be in one, unless they are quoted. */
const KEYWORDS = new Set(
  `add all alter always and as autoincrement between case check collate commit constraint create default deferrable
delete distinct drop else escape except exists foreign from generated group having in index insert intersect into is
isnull join limit not nothing notnull null on or order primary references returning select set table then to transaction
union unique update using values when where`.split(/\s/),
);

/** What `CREATE TABLE` reads as this type; nothing for none. */
export function writtenType(declaredType: string): string {
  const words = /^([a-z_]\w*(?: [a-z_]\w*)*)(?: ?\([-+]?\d[\d.]*(?:, ?[-+]?\d[\d.]*)?\))?$/i.exec(
    declaredType,
  )?.[1];
  const isPlain = words?.split(' ').every((word) => !KEYWORDS.has(word.toLowerCase())) ?? declaredType === '';
  return isPlain ? declaredType : quote(declaredType);
}
