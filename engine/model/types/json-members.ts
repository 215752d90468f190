/** JSON piece by piece, and what is lost of it where a database takes it apart. */

const TOKEN = /"|-?\d+(?:\.\d+)?(?:e[-+]?\d+)?|[{}[\],:]/gi;

/** Texts, numbers and symbols in their order; blanks and words are left out. Texts come as they are written. */
export function* jsonTokens(json: string): Generator<string> {
  const token = new RegExp(TOKEN);
  for (let found = token.exec(json); found !== null; found = token.exec(json)) {
    if (found[0] !== '"') {
      yield found[0];
      continue;
    }
    const end = endOfText(json, token.lastIndex);
    yield json.slice(found.index, end);
    token.lastIndex = end;
  }
}

/** Behind the quote that ends a text. By steps: one pattern for all of a long text would need too large a stack. */
function endOfText(json: string, start: number): number {
  const mark = /["\\]/g;
  mark.lastIndex = start;
  for (let found = mark.exec(json); found !== null; found = mark.exec(json)) {
    if (found[0] === '"') return mark.lastIndex;
    mark.lastIndex += 1;
  }
  return json.length;
}

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

/** A member's name, however its characters are escaped. */
export function memberName(token: string): string {
  if (!token.includes('\\')) return token;
  return token.replace(/\\(?:u([\da-f]{4})|(.))/gis, (_, code?: string, letter?: string) =>
    code === undefined ? (ESCAPES[letter ?? ''] ?? letter ?? '') : String.fromCharCode(parseInt(code, 16)),
  );
}

/** True for a document with a member twice in one object: a database that takes it apart keeps one of the two. */
export function repeatsMembers(json: string): boolean {
  const objects: (Set<string> | null)[] = [];
  let before = '';
  for (const token of jsonTokens(json)) {
    if (token === '{') objects.push(new Set());
    else if (token === '[') objects.push(null);
    else if (token === '}' || token === ']') objects.pop();
    else if (token.startsWith('"') && before !== ':') {
      const names = objects.at(-1);
      const name = memberName(token);
      if (names?.has(name) === true) return true;
      names?.add(name);
    }
    before = token;
  }
  return false;
}

/** True for a document with the character U+0000, which JSON can only escape. */
export function escapesZero(json: string): boolean {
  return json.includes('\\u0000') && /(?<!\\)(?:\\\\)*\\u0000/.test(json);
}
