/** Which collations are SQLite's own: those of other databases, and of applications, mean nothing here. */
import type { TableRoute } from '../../../model';

const OWN: readonly string[] = ['BINARY', 'NOCASE', 'RTRIM'];

export function isOwnCollation(name: string): boolean {
  return OWN.includes(name.toUpperCase());
}

/** By which the source tells the values of a key's column apart, as far as it can be said here. */
export function keyCollation({ source }: TableRoute, column: string): string {
  const collation = source.columns.find((candidate) => candidate.name === column)?.collation ?? null;
  return collation !== null && isOwnCollation(collation) ? collation : 'BINARY';
}
