/** What is wrong with a text that is no YAML, in words of our own: the parser's may quote the file. */
import { type Document, type YAMLParseError, isMap, isPair, isScalar, isSeq } from 'yaml';
import { restOfType } from './rest-of-type';

type SyntaxCode = YAMLParseError['code'];

const MESSAGES: Readonly<Partial<Record<SyntaxCode, string>>> = {
  BAD_ALIAS: 'an alias (*name) without an anchor (&name) before it',
  BAD_DQ_ESCAPE: 'an unknown escape in a "quoted" text; write \\\\ for a backslash, or use \'single quotes\'',
  BAD_INDENT: 'the indentation does not fit the lines before',
  BAD_SCALAR_START: 'a text that starts with this character needs "quotes"',
  BLOCK_AS_IMPLICIT_KEY: 'two keys on one line; put the second on a line of its own, or "quote" the value',
  BLOCK_IN_FLOW: 'an indented block inside { } or [ ]',
  MISSING_CHAR: 'a bracket, brace, quote, comma or colon is missing',
  MULTILINE_IMPLICIT_KEY: 'a colon is missing after the key, or the value before it needs "quotes"',
  MULTIPLE_DOCS: 'only one YAML document is read; remove what follows ---',
  NON_STRING_KEY: 'a key must be a text',
  TAB_AS_INDENT: 'a tab is no indentation in YAML; use spaces',
  UNEXPECTED_TOKEN:
    'not expected here; look at indentation, colons, quotes and brackets of this line and the one before',
};

/** The path of the key at an offset, looked for without resolving anything: the document is broken. */
function pathOfKey(node: unknown, offset: number): readonly (string | number)[] | null {
  const parts: readonly (readonly [string | number, unknown, unknown])[] = isMap(node)
    ? node.items
        .filter((item) => isPair(item))
        .map((pair) => {
          const key = isScalar(pair.key) ? pair.key : null;
          return [typeof key?.value === 'string' ? key.value : '', key?.range?.[0], pair.value];
        })
    : isSeq(node)
      ? node.items.map((item, index) => [index, null, item])
      : [];
  for (const [part, at, below] of parts) {
    if (at === offset) return [part];
    const found = pathOfKey(below, offset);
    if (found !== null) return [part, ...found];
  }
  return null;
}

/** One message per error; a key that occurs twice is named with its path. */
export function syntaxProblem(
  error: Pick<YAMLParseError, 'code' | 'pos'>,
  document: Document.Parsed,
): { readonly message: string; readonly path: readonly (string | number)[] } {
  if (error.code === 'DUPLICATE_KEY') {
    const path = pathOfKey(document.contents, error.pos[0]) ?? [];
    return { message: restOfType(path) ?? 'this key occurs twice', path };
  }
  return {
    message: `not valid YAML: ${MESSAGES[error.code] ?? 'look at this line and the one before'}`,
    path: [],
  };
}
