/** How names and literals are written into SQL for SQLite; the only place that quotes. */

/** A name of any kind (spaces, quotes, keywords, unicode) as an identifier. */
export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Names as a list of identifiers. */
export function quoteAll(names: readonly string[]): string {
  return names.map(quote).join(', ');
}

/** A text as a literal, for DDL only: triggers and defaults take no bound values. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** SQLite compares names without regard to ASCII case, and only ASCII: `É` and `é` are two names. */
export function foldName(name: string): string {
  return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

export function sameName(one: string, other: string): boolean {
  return foldName(one) === foldName(other);
}

/** `a`, or `(a, b)`: a row value of one column is no row value to SQLite. */
export function rowValue(parts: readonly string[]): string {
  return parts.length === 1 ? parts.join('') : `(${parts.join(', ')})`;
}
