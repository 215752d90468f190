import { describe, expect, test } from '@jest/globals';
import { openConnection, type Connection } from '../../engine/adapters/sqlite/threads/connection';
import { databaseFile } from '../../engine/adapters/sqlite/database/file';
import { folderPerTest } from '../support/sqlite';

const folder = folderPerTest();

async function open(busyTimeoutMs = 100): Promise<Connection> {
  const file = databaseFile(folder.file('a.db'));
  return folder.closing(
    await openConnection({ file, role: 'target', readOnly: false, create: true, busyTimeoutMs }),
  );
}

describe('a connection', () => {
  test('answers what was asked before it was closed, and nothing after', async () => {
    const connection = await open();
    const asked = Array.from({ length: 20 }, () => connection.call('checkpoint', 'any'));
    const closed = connection.close();
    expect(await Promise.all(asked)).toEqual(asked.map(() => null));
    await closed;
    await expect(connection.call('checkpoint', 'any')).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
  });

  test('leaves the main thread free while SQLite waits for a lock', async () => {
    const connection = await open(500);
    await connection.call('installTargetObjects');
    folder.database('a.db', 'BEGIN IMMEDIATE');
    const started = performance.now();
    const waiting = connection.call('begin');
    waiting.catch(() => undefined);
    let ticks = 0;
    const timer = setInterval(() => (ticks += 1), 10);
    await expect(waiting).rejects.toMatchObject({ code: 'DATABASE_LOCKED' });
    clearInterval(timer);
    expect(performance.now() - started).toBeGreaterThan(300);
    expect(ticks).toBeGreaterThan(5);
  });

  test('runs exclusive sections one after the other, also after one that fails', async () => {
    const connection = await open();
    const order: string[] = [];
    const section = (name: string): Promise<void> =>
      connection.exclusive(async () => {
        order.push(`${name} begins`);
        await connection.call('checkpoint', 'any');
        order.push(`${name} ends`);
        if (name === 'first') throw new Error('on purpose');
      });
    const results = await Promise.allSettled([section('first'), section('second')]);
    expect(results.map((result) => result.status)).toEqual(['rejected', 'fulfilled']);
    expect(order).toEqual(['first begins', 'first ends', 'second begins', 'second ends']);
  });
});
