import { rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { databaseFile } from '../../engine/adapters/sqlite/database/file';
import { openConnection, type Connection } from '../../engine/adapters/sqlite/threads/connection';
import { createLanes, type Lane, type Lanes } from '../../engine/adapters/sqlite/threads/lanes';
import { rejection } from '../support/pipelines';
import { signal } from '../support/signal';
import { folderPerTest } from '../support/sqlite';

const folder = folderPerTest();

interface Opened {
  readonly lanes: Lanes;
  /** How many connections were asked for beside the first. */
  readonly opened: () => number;
  /** Once one was asked for. */
  readonly asked: Promise<void>;
}

/** Two lanes over one database. */
async function lanesOver(name: string): Promise<Opened> {
  const file = databaseFile(folder.file(name));
  const open = (create: boolean): Promise<Connection> =>
    openConnection({ file, role: 'target', readOnly: false, create, busyTimeoutMs: 100 });
  let opened = 0;
  const asked = signal();
  const another = (): Promise<Connection> => {
    opened += 1;
    asked.give();
    return open(false);
  };
  const lanes = folder.closing(createLanes(await open(true), another, 2));
  return { lanes, opened: () => opened, asked: asked.given };
}

describe('a further connection to a target', () => {
  test('opens beside work that takes long, and is used by what follows', async () => {
    const { lanes, opened } = await lanesOver('a.db');
    const used: Lane[] = [];
    const long = async (lane: Lane): Promise<void> => {
      used.push(lane);
      await delay(100);
    };
    await lanes.runBeside(long);
    expect(opened()).toBe(1);
    await Promise.all([lanes.runBeside(long), lanes.runBeside(long), lanes.runBeside(long)]);
    expect(opened()).toBe(1);
    expect(new Set(used).size).toBe(2);
  });

  test('does not open for what is over before', async () => {
    const { lanes, opened } = await lanesOver('a.db');
    for (let turn = 0; turn < 5; turn++) {
      await lanes.runBeside(() => Promise.resolve());
    }
    await delay(50);
    expect(opened()).toBe(0);
  });

  test('that is still opening is closed with the others, and none opens later', async () => {
    const { lanes, opened, asked } = await lanesOver('a.db');
    const working = lanes.runBeside(() => delay(150));
    await asked;
    await lanes.close();
    await working;
    await lanes.runBeside(() => delay(100));
    expect(opened()).toBe(1);
  });

  test('that can’t be opened ahead fails only what needs it', async () => {
    const { lanes, opened } = await lanesOver('a.db');
    for (const part of ['', '-wal', '-shm']) rmSync(folder.file(`a.db${part}`), { force: true });
    await lanes.runBeside(() => delay(100));
    expect(opened()).toBe(1);
    const busy = lanes.runBeside(() => delay(100));
    await rejection(
      lanes.runBeside(() => Promise.resolve()),
      'DATABASE_MISSING',
    );
    await busy;
  });
});
