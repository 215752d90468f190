/**
 * A YAML text with the place of everything in it, so that each message can name line, column and key.
 * What was written is kept beside what it stands for: a value from the environment is never shown.
 */
import {
  type Document,
  LineCounter,
  type Node,
  type Pair,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
} from 'yaml';
import { parseDocument } from 'yaml';
import { syntaxProblem } from './syntax';

/** Keys and (0-based) list indexes from the document's root. */
export type Path = readonly (string | number)[];

/** Something wrong in the file. */
export interface Problem {
  /** 1-based. */
  readonly line: number;
  /** 1-based. */
  readonly column: number;
  /** Dotted path of the key; empty where no key is concerned. */
  readonly key: string;
  readonly message: string;
}

/** Offsets into the text, and what was written there. */
interface Place {
  readonly offset: number;
  /** A scalar as written, before `${…}` was replaced; null for a list or a group. */
  readonly written: string | null;
}

/** Visits text values, with where they stand, and replaces them. */
export type Replace = (text: string, path: Path, plain: boolean) => string | number | boolean;

/** A parsed configuration file. */
export interface ConfigDocument {
  /** Syntax problems; nothing else is worth looking at when there are any. */
  readonly syntax: readonly Problem[];
  /** True when the file holds nothing but comments and space. */
  readonly empty: boolean;
  /** Runs every text value through `replace`. */
  replaceTexts(replace: Replace): void;
  /** Plain data. */
  value(): unknown;
  /** A problem with the value at `path`; where it is missing, with what should hold it. */
  atValue(path: Path, message: string): Problem;
  /** A problem with the key at the end of `path`. */
  atKey(path: Path, message: string): Problem;
  /** True when something is written at `path`. */
  has(path: Path): boolean;
  /** The keys that are written in the group at `path`. */
  keysBelow(path: Path): readonly string[];
  /** The scalar at `path` as it is written in the file. */
  written(path: Path): string | null;
}

/** `pipelines.orders.tables[0].from`. */
export function showPath(path: Path): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else text += `${text === '' ? '' : '.'}${/^[\w-]+$/.test(part) ? part : JSON.stringify(part)}`;
  }
  return text;
}

function keyText(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : '';
}

function offsetOf(node: unknown): number | null {
  if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range))
    return null;
  const start: unknown = node.range[0];
  return typeof start === 'number' ? start : null;
}

function resolved(node: unknown, document: Document.Parsed): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}

/** Deeper than any sensible file: an alias may stand inside of its own anchor. */
const DEEPEST = 8;

/** Every node below `node`, parents first, with its path. */
function* walk(
  node: unknown,
  path: Path,
  document: Document.Parsed,
): Generator<{ readonly node: unknown; readonly path: Path; readonly pair: Pair | null }> {
  if (path.length >= DEEPEST) return;
  if (isMap(node)) {
    for (const pair of node.items) {
      if (!isPair(pair)) continue;
      const below = [...path, keyText(pair)];
      const value = resolved(pair.value, document);
      yield { node: value, path: below, pair };
      yield* walk(value, below, document);
    }
  } else if (isSeq(node)) {
    for (const [index, item] of node.items.entries()) {
      const value = resolved(item, document);
      yield { node: value, path: [...path, index], pair: null };
      yield* walk(value, [...path, index], document);
    }
  }
}

/** Parses without throwing: problems of syntax are in the answer. */
export function parseConfig(text: string): ConfigDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    logLevel: 'silent',
  });
  const root: Node | null = document.contents;
  const values = new Map<string, Place>();
  const keys = new Map<string, number>();

  function problem(offset: number, path: Path, message: string): Problem {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1), key: showPath(path), message };
  }

  function expansionProblems(): readonly Problem[] {
    try {
      document.toJS();
      return [];
    } catch {
      // An alias inside of its own anchor, or so many of them that they would fill the memory.
      return [problem(0, [], 'the aliases (*name) of this file cannot be followed')];
    }
  }

  const syntax = [
    ...document.errors.map((error) => {
      const { message, path } = syntaxProblem(error, document);
      return problem(error.pos[0], path, message);
    }),
    ...(document.errors.length > 0 ? [] : expansionProblems()),
  ];
  const entries = syntax.length > 0 ? [] : [...walk(root, [], document)];
  for (const { node, path, pair } of entries) {
    const id = JSON.stringify(path);
    const keyOffset = pair === null ? null : offsetOf(pair.key);
    if (keyOffset !== null) keys.set(id, keyOffset);
    // A key without a value: the place after the colon says nothing to a person.
    const nothing = isScalar(node) && node.value === null;
    const offset = nothing ? (keyOffset ?? offsetOf(node)) : offsetOf(node);
    const written =
      isScalar(node) && node.value !== null ? (node.source ?? JSON.stringify(node.value)) : null;
    if (offset !== null) values.set(id, { offset, written });
  }

  /** Where to point at when nothing stands at the path: at its nearest ancestor that exists. */
  function nearest(path: Path): number {
    for (let length = path.length; length > 0; length--) {
      const id = JSON.stringify(path.slice(0, length));
      const offset =
        length === path.length
          ? (values.get(id)?.offset ?? keys.get(id))
          : (keys.get(id) ?? values.get(id)?.offset);
      if (offset !== undefined) return offset;
    }
    return offsetOf(root) ?? 0;
  }

  return {
    syntax,
    empty: root === null || (isScalar(root) && root.value === null),
    replaceTexts(replace) {
      const seen = new Set<unknown>();
      for (const { node, path } of entries) {
        if (!isScalar(node) || typeof node.value !== 'string' || seen.has(node)) continue;
        seen.add(node);
        node.value = replace(node.value, path, node.type === 'PLAIN');
      }
    },
    value: (): unknown => document.toJS(),
    atValue: (path, message) => problem(nearest(path), path, message),
    atKey: (path, message) => problem(keys.get(JSON.stringify(path)) ?? nearest(path), path, message),
    has: (path) => path.length === 0 || values.has(JSON.stringify(path)),
    keysBelow: (path) =>
      entries
        .filter(
          (entry) => entry.path.length === path.length + 1 && path.every((part, i) => part === entry.path[i]),
        )
        .map((entry) => String(entry.path.at(-1))),
    written: (path) => values.get(JSON.stringify(path))?.written ?? null,
  };
}
