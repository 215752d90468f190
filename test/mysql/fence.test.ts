/** What a fence tells: which transactions can still commit a change. By the server's status, and by its list where that is cut. */
import { expect, test } from '@jest/globals';
import {
  fenceByMarker,
  parseList,
  parseStatus,
  readFence,
  type FenceOutcome,
} from '../../engine/adapters/mysql/capture/fence';
import { openSession, parseUrl } from '../../engine/adapters/mysql/database';
import { captureMysql } from '../support/mysql-captured';
import { describeServers } from '../support/mysql';
import { runWriters, STRESS_TABLES } from '../support/mysql-writers';

/** The list of transactions is a copy that is 0.1 s old at most; who asks too early is told nothing. */
async function untilKnown(ask: () => Promise<FenceOutcome>): Promise<Exclude<FenceOutcome, string>> {
  for (let attempt = 0; ; attempt++) {
    const fence = await ask();
    if (typeof fence !== 'string') return fence;
    if (attempt === 50) throw new Error(`Every fence was ${fence}`);
    await new Promise((resolve) => setTimeout(resolve, 120));
  }
}

test('a status that is cut short proves nothing', () => {
  const status =
    'Trx id counter 100\nLIST OF TRANSACTIONS FOR EACH SESSION:\n---TRANSACTION 90, ACTIVE 1 sec\n';
  expect(parseStatus(status)).toEqual({ newest: 100, oldest: 90 });
  expect(parseStatus(`${status}... truncated...\n`)).toBeNull();
});

test('a list proves nothing in which our own statement is not seen, or our transaction has no number', () => {
  const asked = { thread: 7, nonce: 'n-1' };
  const others = [
    ['90', 5, 'INSERT'],
    ['0', 6, 'SELECT'],
    ['421234567890123', 8, null],
  ] as const;
  expect(parseList([['100', 7, 'SELECT /* n-1 */'], ...others], asked)).toEqual({ newest: 100, oldest: 90 });
  expect(parseList([['100', 7, 'SELECT /* n-1 */']], asked)).toEqual({ newest: 100, oldest: 100 });
  // What was there before: nothing, our transaction between two statements, another fence of ours, or another's.
  expect(parseList(others, asked)).toBeNull();
  expect(parseList([['100', 7, null], ...others], asked)).toBeNull();
  expect(parseList([['100', 7, 'SELECT /* n-0 */'], ...others], asked)).toBeNull();
  expect(parseList([['100', 9, 'SELECT /* n-1 */'], ...others], asked)).toBeNull();
  expect(parseList([['0', 7, 'SELECT /* n-1 */'], ...others], asked)).toBeNull();
  const many = Array.from({ length: 1_000 }, (_, index) => ['90', index, 'INSERT'] as const);
  expect(parseList([['100', 7, 'SELECT /* n-1 */'], ...many], asked)).toBeNull();
});

describeServers('A fence', (server) => {
  test.each([
    ['the status', readFence],
    ['the list', fenceByMarker],
  ])('by %s is held back by a transaction that has written, and by no reader', async (_, ask) => {
    const { database, client, end } = await captureMysql(server(), STRESS_TABLES);
    const session = await openSession(parseUrl(database.url), 'test');
    try {
      const reader = await database.connect();
      await reader.query('START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY');
      await client.query('START TRANSACTION');
      await client.query(`INSERT INTO accounts VALUES (1, 1, '')`);
      const during = await untilKnown(() => ask(session));
      expect(during.oldest).toBeLessThan(during.newest);
      await client.query('COMMIT');
      // Others on the same server have transactions of their own.
      const after = await untilKnown(async () => {
        const seen = await ask(session);
        return typeof seen === 'object' && seen.oldest > during.oldest ? seen : 'unknown';
      });
      expect(after.newest).toBeGreaterThan(during.newest);
    } finally {
      await session.close();
      await end();
    }
  });

  test('by the list is asked for at intervals, with others between, and a list that is kept young tells nothing', async () => {
    const { database, end } = await captureMysql(server(), STRESS_TABLES);
    const session = await openSession(parseUrl(database.url), 'test');
    try {
      const poller = await database.connect();
      await untilKnown(() => fenceByMarker(session));
      const began = performance.now();
      let questions = 0;
      let outcomes = 0;
      while (performance.now() - began < 2_000) {
        // So nobody has left the list alone for long enough when the fence reads it.
        await poller.query('SELECT COUNT(*) FROM information_schema.INNODB_TRX');
        const before = await session.first(`SHOW SESSION STATUS LIKE 'Questions'`);
        const fence = await fenceByMarker(session);
        const after = await session.first(`SHOW SESSION STATUS LIKE 'Questions'`);
        if (Number(after?.[1]) - Number(before?.[1]) > 1) questions += 1;
        if (fence !== 'unknown') outcomes += 1;
      }
      expect(questions).toBeGreaterThan(1);
      expect(questions).toBeLessThanOrEqual(8);
      // A machine that stops for 0.1 s lets the list grow old.
      expect(outcomes).toBeLessThan(questions);
    } finally {
      await session.close();
      await end();
    }
  });

  test('by the list forgets no transaction that the status shows later, whoever else reads the list', async () => {
    const { database, end } = await captureMysql(server(), STRESS_TABLES);
    const session = await openSession(parseUrl(database.url), 'test');
    try {
      const stopAt = Date.now() + 5_000;
      const until = (): boolean => Date.now() > stopAt;
      const writing = runWriters(database, { writers: 4, until, longest: 300, seed: 3 });
      const poller = await database.connect();
      const polling = (async () => {
        // Keeps the copy young for half of the time, so that fences are had in the other half.
        while (Date.now() < stopAt - 2_000)
          await poller.query('SELECT COUNT(*) FROM information_schema.INNODB_TRX');
      })();
      let known = 0;
      while (!until()) {
        const fence = await fenceByMarker(session);
        const later = await readFence(session);
        if (typeof fence !== 'string' && typeof later !== 'string') {
          known += 1;
          // What began before the first fence and is open now was open then.
          if (later.oldest < fence.newest) expect(later.oldest).toBeGreaterThanOrEqual(fence.oldest);
        }
        await new Promise((resolve) => setTimeout(resolve, 150));
      }
      await Promise.all([writing, polling]);
      expect(known).toBeGreaterThan(2);
    } finally {
      await session.close();
      await end();
    }
  });
});
