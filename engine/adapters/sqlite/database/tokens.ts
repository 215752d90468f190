/**
 * SQL text as tokens, as far as SQLite's own schema texts need it: what a trigger writes, what a unique index holds,
 * how a column is collated. Comments and quoted text can then fool nobody.
 */
import { sameName } from './identifiers';

export interface Token {
  /** `word`: unquoted name or keyword; `name`: quoted name; `text`: string literal, which SQLite takes as a name too. */
  readonly kind: 'word' | 'name' | 'text' | 'literal' | 'symbol';
  /** Without quotes. */
  readonly text: string;
  /** Offsets in the SQL text, quotes included. */
  readonly start: number;
  readonly end: number;
}

const SPACE = /[\s]+|--[^\n]*|\/\*(?:[^*]|\*(?!\/))*(?:\*\/|$)/y;
const BLOB = /[xX]'[^']*'/y;
const TEXT = /'(?:[^']|'')*'/y;
const NAME = /"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]/y;
// Like SQLite: every character beyond ASCII may stand in a name.
const WORD = /[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*/y;
const NUMBER = /(?:\d|\.\d)(?:[0-9A-Fa-fxX_.]|(?<=[eE])[+-])*/y;

/** The tokens of an SQL text, without comments. */
export function tokenize(sql: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): string | null => {
    pattern.lastIndex = at;
    return pattern.exec(sql)?.[0] ?? null;
  };
  const add = (kind: Token['kind'], length: number, text: string): void => {
    tokens.push({ kind, text, start: at, end: at + length });
    at += length;
  };
  while (at < sql.length) {
    const space = match(SPACE);
    const literal = match(BLOB) ?? match(NUMBER);
    const text = match(TEXT);
    const name = match(NAME);
    const word = match(WORD);
    if (space !== null) at += space.length;
    else if (literal !== null) add('literal', literal.length, literal);
    else if (text !== null) add('text', text.length, text.slice(1, -1).replaceAll("''", "'"));
    else if (name !== null) add('name', name.length, unquote(name));
    else if (word !== null) add('word', word.length, word);
    else add('symbol', 1, sql.charAt(at));
  }
  return tokens;
}

function unquote(quoted: string): string {
  const mark = quoted.charAt(0);
  const inner = quoted.slice(1, -1);
  return mark === '[' ? inner : inner.replaceAll(mark + mark, mark);
}

/** True for an unquoted word, whatever its case. */
export function isWord(token: Token | undefined, ...words: readonly string[]): boolean {
  return token?.kind === 'word' && words.includes(token.text.toUpperCase());
}

export function isSymbol(token: Token | undefined, symbol: string): boolean {
  return token?.kind === 'symbol' && token.text === symbol;
}

/** True for what can stand where SQLite expects a name. */
export function isName(token: Token | undefined): token is Token {
  return token !== undefined && (token.kind === 'word' || token.kind === 'name' || token.kind === 'text');
}

/** True if the text speaks of this name anywhere. */
export function mentions(sql: string, name: string): boolean {
  return tokenize(sql).some((token) => isName(token) && sameName(token.text, name));
}

/** The SQL text that tokens stand for, as it was written. */
export function textOfTokens(sql: string, tokens: readonly Token[]): string {
  const [first] = tokens;
  const last = tokens.at(-1);
  return first === undefined || last === undefined ? '' : sql.slice(first.start, last.end);
}

/** Where the bracket that opens at `open` is closed; the length of `tokens` if it never is. */
export function closingBracket(tokens: readonly Token[], open: number): number {
  let depth = 0;
  for (let index = open; index < tokens.length; index++) {
    const token = tokens[index];
    if (isSymbol(token, '(')) depth += 1;
    else if (isSymbol(token, ')')) depth -= 1;
    if (depth === 0) return index;
  }
  return tokens.length;
}

/** Parts between symbols that stand outside of brackets. */
export function splitTokens(tokens: readonly Token[], symbol: ',' | ';'): readonly (readonly Token[])[] {
  const parts: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (isSymbol(token, '(')) depth += 1;
    else if (isSymbol(token, ')')) depth -= 1;
    if (depth === 0 && isSymbol(token, symbol)) parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts;
}
