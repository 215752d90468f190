import { describe, expect, test } from '@jest/globals';
import { SqliteError } from 'better-sqlite3';
import { CdcError } from '../../engine';
import { packError, toDatabaseError, unpackError } from '../../engine/adapters/sqlite/database/errors';

describe('an error of SQLite', () => {
  test.each([
    ['SQLITE_BUSY', 'DATABASE_LOCKED'],
    ['SQLITE_BUSY_SNAPSHOT', 'DATABASE_LOCKED'],
    ['SQLITE_READONLY', 'DATABASE_READ_ONLY'],
    ['SQLITE_READONLY_DIRECTORY', 'DATABASE_READ_ONLY'],
    ['SQLITE_READONLY_DBMOVED', 'CONNECTION_LOST'],
    ['SQLITE_FULL', 'DATABASE_FULL'],
    ['SQLITE_CORRUPT', 'DATABASE_CORRUPT'],
    ['SQLITE_CORRUPT_INDEX', 'DATABASE_CORRUPT'],
    ['SQLITE_NOTADB', 'DATABASE_CORRUPT'],
    ['SQLITE_CANTOPEN_ISDIR', 'DATABASE_UNREADABLE'],
    ['SQLITE_IOERR_READ', 'DATABASE_UNREADABLE'],
    ['SQLITE_CONSTRAINT_UNIQUE', 'CONSTRAINT_FAILED'],
    ['SQLITE_CONSTRAINT_DATATYPE', 'TYPE_MISMATCH'],
    ['SQLITE_MISMATCH', 'TYPE_MISMATCH'],
    ['SQLITE_TOOBIG', 'TYPE_MISMATCH'],
    ['SQLITE_SCHEMA', 'SCHEMA_MOVED'],
    ['SQLITE_ERROR', 'INTERNAL'],
    ['SQLITE_NOMEM', 'INTERNAL'],
  ])('%s is %s, in words of ours', (resultCode, code) => {
    const error = toDatabaseError(
      new SqliteError('secret text of the driver', resultCode),
      'shop.db',
      'orders',
    );
    expect(error).toMatchObject({ code, table: 'orders' });
    expect(error.message).toContain('shop.db');
    expect(error.message).not.toContain('secret');
    expect(error.hint).not.toBe('');
  });

  test('reaches the main thread whole, with its trace for debugging', () => {
    const error = toDatabaseError(new SqliteError('text of the driver', 'SQLITE_IOERR_WRITE'), 'shop.db');
    const arrived = unpackError(structuredClone(packError(error)));
    expect(arrived).toMatchObject({ code: 'DATABASE_UNREADABLE', retryable: true, message: error.message });
    expect(String(arrived.cause)).toContain('text of the driver');
    const plain = new CdcError('KEY_MISSING', 'no key', { table: 't', column: 'c', hint: 'h' });
    expect(unpackError(packError(toDatabaseError(plain, 'shop.db')))).toEqual(plain);
  });
});
