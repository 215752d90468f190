/** What is wrong with the shape of `cdc.yaml`, in words for the person who wrote it. */
import type { z } from 'zod';
import type { ConfigDocument, Path, Problem } from './document';
import { nearMisses } from '../../engine/capture/near-misses';
import { didYouMean } from './near-misses';
import { restOfType } from './rest-of-type';
import { NOT_YET, keysAt } from './schema';

type Issue = z.core.$ZodIssue;

/** Where a word that is not understood here does belong. */
const ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ['url', 'a URL belongs under connections'],
  ['address', 'it belongs under temporal'],
  ['namespace', 'it belongs under temporal'],
  ['taskQueue', 'it belongs under temporal'],
]);

const KINDS: ReadonlyMap<string, string> = new Map([
  ['string', 'a text'],
  ['number', 'a number'],
  ['int', 'a whole number'],
  ['boolean', 'true or false'],
  ['array', 'a list'],
  ['object', 'a group of keys'],
  ['record', 'a group of names'],
]);

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  return KINDS.get(typeof value) ?? 'something else';
}

function pathOf(issue: Issue): Path {
  return issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
}

function unknownKey(path: Path, key: string): string {
  const rest = restOfType([...path, key]);
  if (rest !== null) return rest;
  if (NOT_YET.has(key) && path[0] === 'pipelines') return 'not supported yet';
  const near = didYouMean(key, keysAt(path));
  const elsewhere = ELSEWHERE.get(key);
  if (near === '' && elsewhere !== undefined) return `unknown key here; ${elsewhere}`;
  return near === '' ? `unknown key; known are ${keysAt(path).join(', ')}` : `unknown key${near}`;
}

function notOneOf(values: readonly string[], written: string | null, missing: boolean): string {
  const known = values.map((value) => `"${value}"`).join(' or ');
  if (missing || written === null) return `must be ${known}`;
  return `must be ${known}, not "${written}"${didYouMean(written, values)}`;
}

/** True when the missing key stands there under a slightly wrong name: that is told already. */
function isMisspelt(path: Path, document: ConfigDocument): boolean {
  const group = path.slice(0, -1);
  const known = keysAt(group);
  return document
    .keysBelow(group)
    .some((key) => !known.includes(key) && nearMisses(key, known)[0] === path.at(-1));
}

/** One or more problems (several unknown keys come as one issue) of a shape that does not fit. */
export function describeIssue(issue: Issue, document: ConfigDocument): readonly Problem[] {
  const path = pathOf(issue);
  const rest = restOfType(path);
  if (rest !== null) return [document.atKey(path, rest)];
  const missing = !document.has(path);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => document.atKey([...path, key], unknownKey(path, key)));
    case 'invalid_type': {
      if (missing) return isMisspelt(path, document) ? [] : [document.atValue(path, 'is missing')];
      const wanted = KINDS.get(issue.expected);
      // A check that brings its own words says more than the kind alone.
      const words = issue.message.startsWith('must ') ? issue.message : `must be ${wanted ?? issue.expected}`;
      return [document.atValue(path, `${words}, not ${kindOf(issue.input)}`)];
    }
    case 'invalid_value':
      return [document.atValue(path, notOneOf(issue.values.map(String), document.written(path), missing))];
    case 'invalid_key':
      return [document.atKey(path, issue.issues[0]?.message ?? 'not a name')];
    case 'too_small':
    case 'too_big':
    case 'invalid_format':
    case 'custom':
      return [document.atValue(path, missing ? 'is missing' : issue.message)];
    case 'invalid_union':
    case 'invalid_element':
    case 'not_multiple_of':
      return [document.atValue(path, 'is not understood')];
  }
}
