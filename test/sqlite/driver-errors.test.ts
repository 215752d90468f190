import { expect, test } from '@jest/globals';
import Database from 'better-sqlite3';

/** The same twice: whichever comes second in a process shows it. */
test('an error of the driver is one of its own class, whichever test file came before', () => {
  const db = new Database(':memory:');
  expect(() => db.exec('SELECT nothing')).toThrow(Database.SqliteError);
  db.close();
});
