import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { lookForChange, type Look } from '../../engine/adapters/sqlite/source/pending';
import { waitForLook, watchDatabase, type Watch } from '../../engine/adapters/sqlite/source/wait';
import { folderPerTest } from '../support/sqlite';
import { captureTables, sourceSession } from '../support/sqlite-replica';

const folder = folderPerTest();
const NEVER = new AbortController().signal;

/** A captured table `t` beside another one `noise`, and a wait that counts its looks. */
function waiting() {
  const db = folder.database('source.db', 'CREATE TABLE t (k INTEGER PRIMARY KEY); CREATE TABLE noise (k)');
  const session = folder.closing(sourceSession(folder.file('source.db')));
  const position = captureTables(session, ['t']);
  const watched = folder.closing(watchDatabase(folder.file('source.db')));
  const looks: Look[] = [];
  const wait = (on: Watch, timeoutMs: number): Promise<boolean> =>
    waitForLook(
      on,
      (version) => {
        const seen = lookForChange(session, position, ['t'], version);
        looks.push(seen);
        return Promise.resolve(seen);
      },
      timeoutMs,
      NEVER,
    );
  return { db, watched, looks, wait };
}

describe('a wait', () => {
  test('on a quiet database looks a few times a second', async () => {
    const { watched, looks, wait } = waiting();
    expect(await wait(watched, 1_000)).toBe(false);
    // Some at first, then one every 50 ms.
    expect(looks.length).toBeLessThan(40);
  });

  test('beside heavy traffic on other tables looks no more than it is allowed to', async () => {
    const { db, watched, looks, wait } = waiting();
    const waited = wait(watched, 1_000);
    const end = performance.now() + 900;
    while (performance.now() < end) {
      db.exec('INSERT INTO noise VALUES (1)');
      await pause(1);
    }
    expect(await waited).toBe(false);
    expect(looks.length).toBeLessThan(30 + 100 + 10);
    expect(watched.trusted).toBe(true);
  });

  test('without any wake-up is ended by its own looks', async () => {
    const { db, wait } = waiting();
    const deaf: Watch = { trusted: false, onWrite: () => () => undefined, close: () => undefined };
    const waited = wait(deaf, 10_000);
    await pause(200);
    db.exec('INSERT INTO t VALUES (1)');
    const committed = performance.now();
    expect(await waited).toBe(true);
    expect(performance.now() - committed).toBeLessThan(1_000);
    expect(deaf.trusted).toBe(false);
  });

  test('in a folder that is gone still looks', async () => {
    const { wait } = waiting();
    const watched = folder.closing(watchDatabase(folder.file('nowhere/source.db')));
    expect(await wait(watched, 200)).toBe(false);
  });
});
