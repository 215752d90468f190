/** The simulated databases are what the simulation says they are: else its verdict on the engine means nothing. */
import { describe, expect, test } from '@jest/globals';
import { asPosition } from '../../engine';
import type { Checkpoint, Position, RowChunk, Source, TableRoute, Target } from '../../engine';
import { createCoverage } from './coverage';
import { drawPlan } from './plan';
import { createRandom } from './random';
import { createScheduler } from './scheduler';
import type { Actor, Scheduler } from './scheduler';
import { KEY, TABLES, VALUE, keyOf, makeRow, tableSchema, valueOf } from './schema';
import { openSource } from './source';
import { createSourceDatabase } from './source-database';
import type { SourceDatabase } from './source-database';
import { openTarget } from './target';
import { createTargetDatabase } from './target-database';
import type { TargetDatabase } from './target-database';
import { runWriter, writeInitialRows } from './writers';

const NOTHING_REREAD: ReadonlySet<string> = new Set();

function schedulerOf(seed: number): Scheduler {
  return createScheduler({ random: createRandom(seed), maxSteps: 20_000, trace: null });
}

function routeOf(table: string, target = table): TableRoute {
  return {
    id: table,
    source: tableSchema({ schema: null, name: table }, false),
    target: { schema: null, name: target },
    columns: [KEY, VALUE],
    key: [KEY],
    rename: null,
    where: null,
  };
}

const ROUTES = TABLES.map((table) => routeOf(table));

function sourcePort(scheduler: Scheduler, database: SourceDatabase, actor: Actor): Source {
  const rules = {
    reread: NOTHING_REREAD,
    rangeSnapshot: null,
    fingerprint: true,
    direct: false,
    mostRows: Infinity,
    onTooLarge: () => undefined,
    onPurge: () => undefined,
    onRead: () => undefined,
    onAcknowledge: () => undefined,
  };
  return openSource({ scheduler, database, rules, uuid: () => 'u1' }, actor);
}

/** Writers beside one reader that follows them chunk by chunk: what the reader ends with, and what it should. */
async function follow(seed: number, maxIdCursor: boolean) {
  const random = createRandom(seed);
  const scheduler = schedulerOf(seed);
  const database = createSourceDatabase({ scheduler, tables: TABLES, maxIdCursor });
  const plan = { ...drawPlan(random), late: 0.5, writers: 3, reread: NOTHING_REREAD };
  let values = 0;
  const world = {
    scheduler,
    plan,
    source: database,
    coverage: createCoverage(),
    nextValue: () => ++values,
    highestRead: () => 0,
  };
  writeInitialRows(world);
  const actor = scheduler.actor('reader', 'process');
  const reader = sourcePort(scheduler, database, actor);
  const followed = new Map<string, number>();
  const state = { read: 0, writing: true };

  const apply = (chunk: RowChunk): void => {
    state.read += chunk.changes;
    for (const { table, changes } of chunk.tables) {
      for (const change of changes) {
        const name = `${table} ${change.identity}`;
        if (change.kind === 'delete') followed.delete(name);
        else followed.set(name, valueOf(change.row));
      }
    }
  };
  const begin = async (): Promise<Position> => {
    const schemas = ROUTES.map(({ source }) => source);
    const { position } = await reader.install(schemas, { uuid: 'u1', name: 'p', now: 0, reset: false });
    for (const table of TABLES) {
      for (const row of database.rows(table, database.snapshot())) {
        followed.set(`${table} ${String(keyOf(row))}`, valueOf(row));
      }
    }
    return position;
  };
  const read = async (start: Position): Promise<void> => {
    let from = start;
    for (;;) {
      // Asked before the read: what is written during the rest is read in the next turn.
      const writing = state.writing;
      const schemaToken = await reader.check(from, ROUTES);
      const limit = random.between(1, 4);
      const chunk = await reader.read({ from, routes: ROUTES, limit, schemaToken, snapshot: null });
      apply(chunk);
      from = chunk.to;
      if (chunk.changes > 0) continue;
      if (!writing) return;
      await scheduler.sleep(actor, 20, 'rests');
    }
  };
  const write = async (): Promise<void> => {
    const writers = Array.from({ length: plan.writers }, (_, index) => {
      const writer = scheduler.actor(`writer ${String(index)}`, 'writer');
      return runWriter(world, writer, random.fork());
    });
    await Promise.all(writers);
    state.writing = false;
  };
  await scheduler.run(async () => {
    const start = await begin();
    await Promise.all([write(), read(start)]);
  });
  const expected = TABLES.flatMap((table) =>
    database
      .rows(table, database.snapshot())
      .map((row) => [`${table} ${String(keyOf(row))}`, valueOf(row)] as const),
  );
  return {
    same: JSON.stringify([...followed].sort()) === JSON.stringify([...expected].sort()),
    read: state.read,
    logged: database.state.log.length,
  };
}

describe('the simulated source', () => {
  test('shows each change in exactly one window, however late its transaction commits', async () => {
    for (let seed = 0; seed < 60; seed++) {
      const { same, read, logged } = await follow(seed, false);
      expect({ seed, same, read }).toEqual({ seed, same: true, read: logged });
    }
  });

  test('would lose late commits to a reader that trusts the greatest id', async () => {
    let lost = 0;
    for (let seed = 0; seed < 20; seed++) {
      const { read, logged } = await follow(seed, true);
      if (read < logged) lost += 1;
    }
    expect(lost).toBeGreaterThan(3);
  });
});

const CHECKPOINT: Checkpoint = {
  uuid: 'u1',
  name: 'p',
  sourceId: 's1',
  chain: 'c',
  chainEnded: false,
  generation: 1,
  epoch: 1,
  seq: 0,
  ackedSeq: 0,
  holder: null,
  position: asPosition(''),
  goal: null,
  lastAppliedAt: null,
};

function targetOf(scheduler: Scheduler, oneWriter: boolean): TargetDatabase {
  return createTargetDatabase({ scheduler, oneWriter, reread: NOTHING_REREAD, onCommit: () => undefined });
}

/** Writes row and checkpoint `seq` in one transaction. */
async function writeBoth(target: Target, seq: number): Promise<void> {
  const route = routeOf('alpha', 'p_alpha');
  const token = await target.stageRows([{ route, deletes: [], upserts: [makeRow(1, seq)], range: null }]);
  const nothing = { oldestChangedAt: null, newestChangedAt: null, snapshot: [] };
  const position: Position = asPosition('');
  const chunk = { token, to: position, more: false, changes: 1, counts: [], ...nothing };
  await target.transaction(chunk, async (tx) => {
    await tx.lockCheckpoint('p');
    await tx.merge(chunk);
    await tx.saveCheckpoint({ ...CHECKPOINT, seq });
  });
}

/** The row's value and the checkpoint's seq. */
function both({ state }: TargetDatabase): readonly [number, number] {
  const row = state.tables.get('p_alpha')?.get(1);
  return [row === undefined ? 0 : valueOf(row), state.checkpoints.get('p')?.seq ?? 0];
}

describe('the simulated target', () => {
  test.each([true, false])(
    'never keeps half a transaction of a process that vanished (one writer: %s)',
    async (one) => {
      const seen = new Set<string>();
      for (let life = 0; life < 12; life++) {
        const scheduler = schedulerOf(life);
        const database = targetOf(scheduler, one);
        database.createTable('p_alpha', []);
        const actor = scheduler.actor('worker', 'process');
        let steps = 0;
        scheduler.setIntercept(() => {
          if (!actor.alive || ++steps <= life) return true;
          scheduler.kill(actor);
          database.hub.breakAll(actor);
          return false;
        });
        const target = openTarget({ scheduler, database, idleTimeoutMs: null, direct: null }, actor);
        const witness = scheduler.actor('witness', 'process');
        await scheduler.run(async () => {
          scheduler.spawn(() => writeBoth(target, 7));
          await scheduler.until(witness, 'waits', 1_000, () => !actor.alive);
        });
        const [row, seq] = both(database);
        expect(row).toBe(seq);
        expect(database.works()).toEqual([]);
        seen.add(String(row));
      }
      expect([...seen].sort()).toEqual(['0', '7']);
    },
  );

  test('loses whole commits in a power cut, the last ones, and none that was flushed', async () => {
    for (let lost = 0; lost < 6; lost++) {
      const scheduler = schedulerOf(lost);
      const database = targetOf(scheduler, true);
      database.createTable('p_alpha', []);
      const port = { scheduler, database, idleTimeoutMs: null, direct: null };
      const target = openTarget(port, scheduler.actor('worker', 'process'));
      await scheduler.run(async () => {
        for (let seq = 1; seq <= 5; seq++) {
          await writeBoth(target, seq);
          if (seq === 2) await target.flush();
        }
      });
      database.cutPower(lost);
      expect(both(database)).toEqual([Math.max(2, 5 - lost), Math.max(2, 5 - lost)]);
      await expect(target.checkpoint('p')).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
    }
  });

  test('goes back to a bookmark row by row', async () => {
    const scheduler = schedulerOf(1);
    const database = targetOf(scheduler, true);
    database.createTable('p_alpha', [makeRow(3, 30)]);
    const port = { scheduler, database, idleTimeoutMs: null, direct: null };
    const target = openTarget(port, scheduler.actor('worker', 'process'));
    await scheduler.run(async () => {
      await writeBoth(target, 1);
      const bookmark = database.bookmark();
      await writeBoth(target, 2);
      await writeBoth(target, 3);
      database.restore(bookmark, false);
    });
    expect(both(database)).toEqual([1, 1]);
    expect([...(database.state.tables.get('p_alpha')?.keys() ?? [])]).toEqual([3, 1]);
  });
});

describe('the scheduler', () => {
  test('lets a stalled actor do nothing until it wakes, and a dead one nothing ever', async () => {
    const scheduler = schedulerOf(1);
    const [sleeper, dead, other] = ['sleeper', 'dead', 'other'].map((name) =>
      scheduler.actor(name, 'process'),
    );
    if (sleeper === undefined || dead === undefined || other === undefined) throw new Error('No actors');
    const log: string[] = [];
    const act = async (actor: Actor): Promise<void> => {
      for (let turn = 0; turn < 3; turn++) {
        await scheduler.step(actor, 'acts');
        log.push(`${actor.name} ${scheduler.now() < 500 ? 'early' : 'late'}`);
      }
    };
    sleeper.stalledUntil = 500;
    await scheduler.run(async () => {
      scheduler.spawn(() => act(dead));
      scheduler.kill(dead);
      await Promise.all([act(sleeper), act(other)]);
    });
    expect(log.filter((line) => line.startsWith('sleeper'))).toEqual(Array(3).fill('sleeper late'));
    expect(log.filter((line) => line.startsWith('other'))).toEqual(Array(3).fill('other early'));
    expect(log).toHaveLength(6);
  });

  test('says so when everybody waits for ever', async () => {
    const scheduler = schedulerOf(1);
    await expect(scheduler.run(() => new Promise(() => undefined))).rejects.toThrow('Everybody waits');
  });
});
