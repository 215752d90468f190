/** How names and literals are written into SQL for MySQL and MariaDB; the only place that quotes. */
import type { TableName } from '../../../model';

/** What can be bound to a `?`. */
export type Parameter = null | string | number | bigint | boolean | Uint8Array;

/** A name of any kind (spaces, quotes, keywords, unicode) as an identifier. */
export function quote(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

/** Names as a list of identifiers. */
export function quoteAll(names: readonly string[]): string {
  return names.map(quote).join(', ');
}

/** A table; one without a schema is in the session's own database. */
export function qualify({ schema, name }: TableName): string {
  return schema === null ? quote(name) : `${quote(schema)}.${quote(name)}`;
}

/** A text as a literal. Sessions of ours never have NO_BACKSLASH_ESCAPES, under which it would mean another. */
export function quoteText(text: string): string {
  if (!/[\\'\0]/.test(text)) return `'${text}'`;
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''").replaceAll('\0', '\\0')}'`;
}

/** Any value as a literal. */
export function literal(value: Parameter): string {
  if (value === null) return 'NULL';
  if (typeof value === 'string') return quoteText(value);
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (typeof value === 'bigint') return value.toString();
  // With an exponent it is a double from the start, and not a decimal that is rounded to one.
  if (typeof value === 'number') return Number.isFinite(value) ? value.toExponential() : 'NULL';
  const { buffer, byteOffset, byteLength } = value;
  return `X'${Buffer.from(buffer, byteOffset, byteLength).toString('hex')}'`;
}

/** Puts literals in the places of the `?` that stand outside of quotes. */
export function bind(sql: string, parameters: readonly Parameter[]): string {
  if (parameters.length === 0) return sql;
  let next = 0;
  const bound = sql.replace(/`(?:[^`]|``)*`|'(?:[^'\\]|''|\\.)*'|"(?:[^"\\]|""|\\.)*"|\?/gs, (token) => {
    if (token !== '?') return token;
    const value = parameters[next];
    next += 1;
    return value === undefined ? token : literal(value);
  });
  if (next !== parameters.length) throw new RangeError('A statement has another number of parameters');
  return bound;
}
