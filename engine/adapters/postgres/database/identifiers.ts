/** How names and literals are written into SQL for PostgreSQL; the only place that quotes. */
import type { TableName } from '../../../model';

/** A name of any kind (spaces, quotes, keywords, unicode) as an identifier. */
export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Names as a list of identifiers. */
export function quoteAll(names: readonly string[]): string {
  return names.map(quote).join(', ');
}

/** A table with its schema, so that no search path has a say in it. */
export function qualify({ schema, name }: TableName): string {
  return schema === null ? quote(name) : `${quote(schema)}.${quote(name)}`;
}

/** A text as a literal, for statements that take no bound values (DDL, COPY). */
export function quoteText(text: string): string {
  const quoted = `'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;
  // The E form means the same whatever standard_conforming_strings says.
  return text.includes('\\') ? ` E${quoted}` : quoted;
}
