/** JSON by what it says: members by name, also such as are repeated, numbers with all their digits. */
import { canonicalDecimal } from './canonical-number';

/** Deeper documents are compared as they are written. */
const MOST_LEVELS = 1_000;

/**
 * The same text for documents that say the same; null for what is no JSON. Numbers are no numbers of JavaScript on the
 * way, which would round them.
 */
export function canonicalJson(text: string): string | null {
  const reader: Reader = { text, at: 0, level: 0 };
  const value = readValue(reader);
  skipBlanks(reader);
  return reader.at === text.length ? value : null;
}

interface Reader {
  readonly text: string;
  at: number;
  level: number;
}

/** Each of them is looked for at the reader's place. */
const BLANKS = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?/y;

/** Pieces of a text: one pattern for all of a long one would need too large a stack. */
const LETTERS = /[^"\\\x00-\x1f]*/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y;
const WORD = /true|false|null/y;

function take(reader: Reader, pattern: RegExp): string | null {
  pattern.lastIndex = reader.at;
  const found = pattern.exec(reader.text)?.[0] ?? null;
  reader.at += found?.length ?? 0;
  return found;
}

function skipBlanks(reader: Reader): void {
  take(reader, BLANKS);
}

function isNext(reader: Reader, symbol: string): boolean {
  skipBlanks(reader);
  if (reader.text[reader.at] !== symbol) return false;
  reader.at += 1;
  return true;
}

function readValue(reader: Reader): string | null {
  skipBlanks(reader);
  const first = reader.text[reader.at];
  if (first === '{') return nested(reader, readMembers);
  if (first === '[') return nested(reader, readItems);
  if (first === '"') return readText(reader);
  const number = take(reader, NUMBER);
  return number === null ? take(reader, WORD) : canonicalDecimal(number);
}

function nested(reader: Reader, read: (reader: Reader) => string | null): string | null {
  if (reader.level === MOST_LEVELS) return null;
  reader.level += 1;
  reader.at += 1;
  const value = read(reader);
  reader.level -= 1;
  return value;
}

function readItems(reader: Reader): string | null {
  const items: string[] = [];
  if (isNext(reader, ']')) return '[]';
  do {
    const item = readValue(reader);
    if (item === null) return null;
    items.push(item);
  } while (isNext(reader, ','));
  return isNext(reader, ']') ? `[${items.join(',')}]` : null;
}

function readMembers(reader: Reader): string | null {
  const members: (readonly [name: string, value: string])[] = [];
  if (isNext(reader, '}')) return '{}';
  do {
    skipBlanks(reader);
    const name = readText(reader);
    if (name === null || !isNext(reader, ':')) return null;
    const value = readValue(reader);
    if (value === null) return null;
    members.push([name, value]);
  } while (isNext(reader, ','));
  if (!isNext(reader, '}')) return null;
  // Those of one name stay in their order.
  const sorted = members.sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0));
  return `{${sorted.map((member) => member.join(':')).join(',')}}`;
}

/** A character is the same however it is escaped. */
function readText(reader: Reader): string | null {
  const start = reader.at;
  if (reader.text[start] !== '"') return null;
  reader.at += 1;
  let isEscaped = false;
  while (take(reader, LETTERS) !== null && take(reader, ESCAPE) !== null) isEscaped = true;
  if (reader.text[reader.at] !== '"') return null;
  reader.at += 1;
  const text = reader.text.slice(start, reader.at);
  return isEscaped ? JSON.stringify(JSON.parse(text)) : text;
}
