import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import Database from 'better-sqlite3';
import type { DiagnoseRequest, Diagnosis } from '../../engine';
import { diagnose } from '../../engine/adapters/sqlite/diagnosis/diagnose';
import { folderPerTest } from '../support/sqlite';

const folder = folderPerTest();
const asRoot = process.getuid?.() === 0;

function look(name: string, change: Partial<DiagnoseRequest> = {}): readonly Diagnosis[] {
  return diagnose({
    url: folder.url(name),
    asSource: true,
    asTarget: false,
    sourceTables: [],
    targetTables: [],
    now: () => Date.now(),
    ...change,
  });
}

function notFine(found: readonly Diagnosis[]): readonly (readonly [string, string])[] {
  return found.filter(({ state }) => state !== 'ok').map(({ check, state }) => [check, state]);
}

describe('a database file', () => {
  test('in WAL mode that can be written has nothing to be mended', () => {
    folder.database('shop.db', 'CREATE TABLE t (id INTEGER PRIMARY KEY)');
    const found = look('shop.db', { asTarget: true });
    expect(notFine(found)).toEqual([]);
    expect(found.map(({ check }) => check)).toEqual([
      'file',
      'journal mode',
      'foreign keys',
      'write lock',
      'write permission',
      'disk',
    ]);
  });

  test('in rollback-journal mode is a warning for a source, with the statement', () => {
    new Database(folder.file('shop.db')).exec('CREATE TABLE t (id INTEGER PRIMARY KEY)').close();
    expect(notFine(look('shop.db'))).toEqual([['journal mode', 'warning']]);
    expect(look('shop.db').find(({ check }) => check === 'journal mode')?.remedy).toBe(
      'PRAGMA journal_mode = WAL;',
    );
    expect(notFine(look('shop.db', { asSource: false, asTarget: true }))).toEqual([]);
  });

  test('whose write lock another process holds is a warning', () => {
    const shop = folder.database('shop.db', 'CREATE TABLE t (id INTEGER PRIMARY KEY)');
    shop.exec('BEGIN IMMEDIATE');
    expect(notFine(look('shop.db'))).toEqual([['write lock', 'warning']]);
    shop.exec('ROLLBACK');
    expect(notFine(look('shop.db'))).toEqual([]);
  });

  test('that is missing is a problem for a source; a target is made by start, if its folder is there', () => {
    expect(look('none.db')).toEqual([
      expect.objectContaining({
        check: 'file',
        state: 'problem',
        message: 'DATABASE_MISSING: There is no database file none.db',
      }),
    ]);
    const target = { asSource: false, asTarget: true };
    expect(notFine(look('none.db', target))).toEqual([]);
    expect(look('no-folder/none.db', target)).toEqual([
      expect.objectContaining({ check: 'file', state: 'problem' }),
    ]);
  });

  test('that is no database, or a folder, is a problem', () => {
    writeFileSync(
      folder.file('text.db'),
      'This is a text, and it is longer than a header of SQLite would be. '.repeat(20),
    );
    mkdirSync(folder.file('folder.db'));
    expect(look('text.db')[0]).toMatchObject({
      state: 'problem',
      message: expect.stringContaining('DATABASE_CORRUPT'),
    });
    expect(look('folder.db')).toEqual([expect.objectContaining({ state: 'problem' })]);
  });

  // To root no file is read-only.
  (asRoot ? test.skip : test)('that can’t be written, or whose folder can’t, is a problem', () => {
    folder.database('shop.db', 'CREATE TABLE t (id INTEGER PRIMARY KEY)').close();
    chmodSync(folder.file('shop.db'), 0o444);
    expect(notFine(look('shop.db'))).toContainEqual(['write permission', 'problem']);
    chmodSync(folder.path, 0o555);
    try {
      expect(look('shop.db').filter(({ check }) => check === 'write permission')).toHaveLength(2);
    } finally {
      chmodSync(folder.path, 0o755);
    }
  });
});
