/** A change that commits late, at the worst moment: between the proof that nothing is open and the view that is read. */
import { expect, test } from '@jest/globals';
import { openSession, parseUrl, type Session } from '../../engine/adapters/mysql/database';
import { newReadState, readChunk } from '../../engine/adapters/mysql/source/read';
import { captureMysql } from '../support/mysql-captured';
import { describeServers } from '../support/mysql';

/** Runs `work` once, after the fence or the beginning of the view, whichever comes first. */
function afterTheFirst(session: Session, work: () => Promise<unknown>): Session {
  let isDone = false;
  const once = async (): Promise<void> => {
    if (isDone) return;
    isDone = true;
    await work();
  };
  return {
    ...session,
    async query(sql, parameters, options) {
      const rows = await session.query(sql, parameters, options);
      if (sql.startsWith('SHOW ENGINE INNODB STATUS')) await once();
      return rows;
    },
    transaction: (mode, inner) =>
      session.transaction(mode, async () => {
        await once();
        return inner();
      }),
  };
}

describeServers('A change that commits while a chunk is begun', (server) => {
  // With the view first and the fence second it would be proven dead without having been seen.
  test('is in that chunk or in a later one', async () => {
    const { database, client, source, start, routes, end } = await captureMysql(server(), [
      'CREATE TABLE items (id INT PRIMARY KEY) ENGINE = InnoDB',
    ]);
    const session = await openSession(parseUrl(database.url), 'test');
    try {
      const all = await routes();
      const state = newReadState();
      const read = async (on: Session, from: typeof start) => {
        const schemaToken = await source.check(from, all);
        return readChunk(on, { from, routes: all, limit: 100, schemaToken, snapshot: null }, state);
      };
      const late = await database.connect();
      await late.query('START TRANSACTION');
      await late.query('INSERT INTO items VALUES (1)');
      await client.query('INSERT INTO items VALUES (2)');
      const first = await read(session, start);
      expect(first.changes).toBe(1);
      let commits = 0;
      const commit = async (): Promise<void> => {
        await late.query('COMMIT');
        commits += 1;
      };
      const second = await read(afterTheFirst(session, commit), first.to);
      const third = await read(session, second.to);
      expect(commits).toBe(1);
      expect(second.changes + third.changes).toBe(1);
    } finally {
      await session.close();
      await end();
    }
  });
});
