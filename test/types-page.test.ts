import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { BEGIN, END, typeTables } from './types-page/page';

const PAGE = readFileSync(join(resolve(__dirname, '../..'), 'docs/TYPES.md'), 'utf8');

/** Whatever the formatter does to tables. */
function plain(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.replaceAll(/-{3,}/g, '---').replaceAll(/ +/g, ' ').trim())
    .filter((line) => line !== '');
}

describe('the page about types', () => {
  test('holds the tables as the adapters have them: else `npm run docs:types` makes them anew', () => {
    const there = PAGE.slice(PAGE.indexOf(BEGIN) + BEGIN.length, PAGE.indexOf(END));
    expect(plain(there)).toEqual(plain(typeTables()));
  });

  test('has at least sixty types of PostgreSQL, and of MySQL and MariaDB', () => {
    const rows = (family: string): number =>
      plain(typeTables().split(`### From ${family}`)[1]?.split('### ')[0] ?? '').filter((line) =>
        line.startsWith('| `'),
      ).length;
    expect(rows('PostgreSQL')).toBeGreaterThanOrEqual(60);
    expect(rows('MySQL and MariaDB')).toBeGreaterThanOrEqual(50);
  });
});
