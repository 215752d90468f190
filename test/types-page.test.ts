import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { LogicalType } from '../engine';
import { NATIVE_SAMPLES } from './types/samples/postgres';

const PAGE = readFileSync(join(resolve(__dirname, '../..'), 'docs/TYPES.md'), 'utf8');

/** The compiler keeps it complete. */
const KINDS: Readonly<Record<LogicalType['kind'], true>> = {
  bool: true,
  int: true,
  decimal: true,
  float: true,
  text: true,
  bytes: true,
  date: true,
  time: true,
  timestamp: true,
  interval: true,
  json: true,
  uuid: true,
  enum: true,
  array: true,
  dynamic: true,
  other: true,
};

describe('the page about types', () => {
  test('has a row for each logical type of the model', () => {
    const rows = [...PAGE.matchAll(/^\| `(\w+)` +\|/gm)].map((match) => match[1]);
    expect(rows).toEqual(expect.arrayContaining(Object.keys(KINDS)));
  });

  test('speaks of what is proven: types of all kinds have samples', () => {
    const samples = Object.values(NATIVE_SAMPLES).flat();
    expect(samples.every(({ literals }) => literals.length > 0)).toBe(true);
    expect(samples.length).toBeGreaterThan(100);
  });
});
