/** `where` of a table mapping: is it one condition, and does the source take it? */
import { filterRefused, unquoted } from '../model';
import type { Source, TableRoute } from '../model';

/** Throws FILTER_INVALID with the table; for a route without a condition nothing is asked. */
export async function requireFilter(source: Source, { id, where, source: table }: TableRoute): Promise<void> {
  if (where === null) return;
  const problem = problemOf(where);
  if (problem !== null) throw filterRefused(id, problem);
  if (source.checkFilter === undefined) {
    throw filterRefused(id, `the adapter ${source.adapter} cannot choose rows`);
  }
  await source.checkFilter(table, where);
}

/**
 * What keeps a text from being one condition that can be put into brackets, whichever database reads it; null when
 * nothing does. Quoted text may hold anything but what databases disagree on.
 */
function problemOf(where: string): string | null {
  if (where.trim() === '') return 'it is empty';
  if (where.includes('\0')) return 'it holds a zero byte';
  if (/\\['"`]/.test(where)) return 'it holds a backslash before a quote; write the quote twice instead';
  if (/\bselect\b/i.test(unquoted(where))) return 'it holds a query';
  let quoted: string | null = null;
  let depth = 0;
  for (let at = 0; at < where.length; at++) {
    const letter = where.charAt(at);
    if (quoted !== null) {
      if (letter === quoted) quoted = null;
      continue;
    }
    const two = where.slice(at, at + 2);
    if (letter === "'" || letter === '"' || letter === '`') quoted = letter;
    else if (letter === ';') return 'it holds a semicolon';
    else if (two === '--' || two === '/*' || two === '*/') return 'it holds a comment';
    else if (letter === '$') return 'it holds a $, which stands for parameters; quote names that have one';
    else if (letter === '(') depth += 1;
    else if (letter === ')') depth -= 1;
    if (depth < 0) return 'it closes a bracket that it did not open';
  }
  if (quoted !== null) return `it opens a ${quoted} and does not close it`;
  return depth === 0 ? null : 'it opens a bracket and does not close it';
}
