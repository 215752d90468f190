import { afterEach, expect, test } from '@jest/globals';
import { openSession, parseUrl, type Session } from '../../engine/adapters/postgres/database';
import { createScratchDatabase, type ScratchPostgres } from '../support/postgres';

let database: ScratchPostgres | null = null;
let session: Session | null = null;

afterEach(async () => {
  await session?.close();
  await database?.drop();
  [session, database] = [null, null];
});

/** The most statements that the driver had been given at a time, as of now. */
function watch({ client }: Session): () => number {
  let [running, most] = [0, 0];
  const ask: unknown = Reflect.get(client, 'query');
  if (typeof ask !== 'function') throw new Error('The driver has no such method');
  Object.assign(client, {
    async query(...asked: readonly unknown[]): Promise<unknown> {
      running += 1;
      most = Math.max(most, running);
      try {
        const answer: unknown = await Reflect.apply(ask, client, asked);
        return answer;
      } finally {
        running -= 1;
      }
    },
  });
  return () => most;
}

test('a statement waits for the end of the read transaction before it', async () => {
  database = await createScratchDatabase();
  session = await openSession(parseUrl(database.url), 'test');
  const most = watch(session);
  for (let n = 0; n < 5; n++) {
    const row = await session.transaction(
      'repeatable read, read only',
      async () => await session?.first('SELECT 1'),
    );
    expect(row).toEqual(['1']);
    await session.execute('SELECT 1');
  }
  // The driver gives up its own queue in its next major version, and warns of its use until then.
  expect(most()).toBe(1);
});
