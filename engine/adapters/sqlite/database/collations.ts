/** The collations that SQLite has itself: any other is known to the application that loads it, or to another database. */
const BUILT_IN: readonly string[] = ['BINARY', 'NOCASE', 'RTRIM'];

export function isBuiltIn(collation: string): boolean {
  return BUILT_IN.includes(collation.toUpperCase());
}

/** The collation of a target's column whose source has this one: what another database calls so compares by bytes here. */
export function builtIn(collation: string | null): string {
  return collation !== null && isBuiltIn(collation) ? collation.toUpperCase() : 'BINARY';
}
