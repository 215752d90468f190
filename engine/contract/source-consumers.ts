/** Cases: several consumers share one capture; none loses what another has done with. */
import assert from 'node:assert/strict';
import { isCdcError } from '../errors';
import type { Source } from '../model';
import { contractCase } from './contract-case';
import type { ContractCase } from './contract-case';
import { assertEqual } from './equal';
import type { ContractOptions } from './options';
import { assertSameRows, currentRows, replay } from './replay';
import { CONSUMER, first, installFor, rejection } from './scene';
import { ITEMS, WORDS } from './tables';

/** As long as that of a pipeline that was resynced. */
const OTHER = {
  uuid: '6f1e0c1e-1111-4222-8333-444455556666.1000000.7a2b3c4d-5555-4666-8777-888899990000',
  name: 'other',
};
const ROWS = rowsFrom(1);
const WORD = `INSERT INTO words (word, meaning) VALUES ('up', 'not down')`;

const MOST_TRIES = 5;

function rowsFrom(id: number): readonly string[] {
  return [id, id + 1, id + 2, id + 3].map(
    (n) => `INSERT INTO items (id, name, amount) VALUES (${n}, 'n', ${n})`,
  );
}

/** Everything is old enough for it. */
function purgeAll(source: Source): Promise<number> {
  return source.purge({ before: Date.now() + 60_000, limit: 1000 });
}

export function sourceConsumerCases(options: ContractOptions): readonly ContractCase[] {
  const define = (name: string, body: Parameters<typeof contractCase>[2]) =>
    contractCase(options, name, body);
  return [
    define('an acknowledgement is kept, and a seq that is not greater changes nothing', async (scene) => {
      const { database, source, routes, consumer, start } = await scene.captured([ITEMS]);
      assert.equal(consumer.seq, 0);
      await database.execute(...ROWS);
      const { to } = await replay(source, routes, start, 10);
      const now = Date.now();
      await source.acknowledge(consumer.uuid, 5, to, now);
      const told = await source.consumer(consumer.uuid);
      assertEqual([told?.seq, told?.position, told?.updatedAt], [5, to, now]);
      for (const seq of [5, 4, 0]) await source.acknowledge(consumer.uuid, seq, start, now + 1);
      const still = await source.consumer(consumer.uuid);
      assertEqual([still?.seq, still?.position], [5, to]);
    }),

    define('an acknowledgement for a consumer that is gone makes none', async (scene) => {
      const { source, start } = await scene.captured([ITEMS]);
      await source.acknowledge('gone', 1, start, Date.now()).catch(() => undefined);
      assert.equal(await source.consumer('gone'), null);
    }),

    define('a consumer is listed with its name and tables', async (scene) => {
      const { source, routes, consumer } = await scene.captured([ITEMS, WORDS]);
      const ids = routes.map((route) => route.id).sort();
      assertEqual([...consumer.tables].sort(), ids);
      const listed = await source.consumers();
      assertEqual(
        listed.map(({ uuid, name, suspended, tables }) => [uuid, name, suspended, [...tables].sort()]),
        [[CONSUMER.uuid, CONSUMER.name, false, ids]],
      );
      assertEqual(await source.consumer(consumer.uuid), first(listed));
    }),

    define('changes stay until every consumer of their table has passed them', async (scene) => {
      const { database, source, routes, consumer, start } = await scene.captured([ITEMS, WORDS]);
      const items = routes.slice(0, 1);
      const other = await installFor(source, items, OTHER);
      assert.equal(await source.covers(other.position, start), true);
      await database.execute(...ROWS, WORD);
      const { to } = await replay(source, routes, start, 10);
      await source.acknowledge(consumer.uuid, 1, to, Date.now());
      // The other consumer has no part in the table of words.
      assert.equal(await purgeAll(source), 1);
      await source.check(other.position, items);
      const { replica } = await replay(source, items, other.position, 10);
      await assertSameRows(source, items, replica);
      await source.acknowledge(other.uuid, 1, to, Date.now());
      assert.equal(await purgeAll(source), ROWS.length);
    }),

    define('changes younger than asked stay', async (scene) => {
      const { database, source, routes, consumer, start } = await scene.captured([ITEMS]);
      await database.execute(...ROWS);
      const { to } = await replay(source, routes, start, 10);
      await source.acknowledge(consumer.uuid, 1, to, Date.now());
      assert.equal(await source.purge({ before: Date.now() - 60_000, limit: 100 }), 0);
      assert.equal(first(await source.figures(routes)).stored, ROWS.length);
      await source.check(start, routes);
    }),

    define('a purge deletes no more than its limit at once, oldest first', async (scene) => {
      const { database, source, routes, consumer, start } = await scene.captured([ITEMS]);
      const limited = { before: Date.now() + 60_000, limit: 3 };
      let from = start;
      for (let seq = 1; ; seq++) {
        await database.execute(...rowsFrom(10 * seq));
        const { to, chunks } = await replay(source, routes, from, 3);
        await source.acknowledge(consumer.uuid, seq, to, Date.now());
        assert.equal(await source.purge(limited), 3);
        assert.equal(first(await source.figures(routes)).stored, 1);
        const checking = source.check(first(chunks).to, routes);
        // Where others of the server commit at that very moment, a position before the newest may count as purged.
        const isKept = await checking.then(
          () => true,
          (error: unknown) => {
            if (isCdcError(error, 'POSITION_PURGED') && seq < MOST_TRIES) return false;
            throw error;
          },
        );
        await rejection(source.check(from, routes), 'POSITION_PURGED');
        assert.equal(await source.purge(limited), 1);
        assert.equal(await source.purge(limited), 0);
        if (isKept) return;
        from = to;
      }
    }),

    ...(options.capabilities.lateCommits ? [openTransactionCase(options)] : []),

    define('a new consumer of a purged table starts at the newest position', async (scene) => {
      const { database, source, routes, consumer, start } = await scene.captured([ITEMS]);
      await database.execute(...ROWS);
      const { to } = await replay(source, routes, start, 10);
      await source.acknowledge(consumer.uuid, 1, to, Date.now());
      await purgeAll(source);
      const { position } = await installFor(source, routes, OTHER);
      await source.check(position, routes);
      const before = await currentRows(source, routes);
      await database.execute(`DELETE FROM items WHERE id = 1`);
      await replay(source, routes, position, 10, before);
      await assertSameRows(source, routes, before);
    }),

    define(
      'a suspended consumer is marked, its changes are gone, and writes are not captured',
      async (scene) => {
        const { database, source, routes, consumer } = await scene.captured([ITEMS]);
        await database.execute(...ROWS);
        await source.suspend(consumer.uuid);
        await database.execute(`UPDATE items SET amount = 0`);
        assert.equal((await source.consumer(consumer.uuid))?.suspended, true);
        const figures = await source.figures(routes);
        assertEqual(
          figures.filter((entry) => entry.stored > 0),
          [],
        );
        await source.suspend(consumer.uuid);
      },
    ),

    define('suspending leaves tables alone that another consumer needs', async (scene) => {
      const { database, source, routes, consumer, start } = await scene.captured([ITEMS, WORDS]);
      const items = routes.slice(0, 1);
      await installFor(source, items, OTHER);
      await source.suspend(consumer.uuid);
      await database.execute(...ROWS, WORD);
      const { replica } = await replay(source, items, start, 10);
      await assertSameRows(source, items, replica);
      assert.equal((await source.consumer(OTHER.uuid))?.suspended, false);
      await rejection(source.check(start, routes.slice(1)), 'CAPTURE_MISSING', 'CAPTURE_SUSPENDED');
    }),

    define('a reset starts a consumer again at the newest position with capture whole', async (scene) => {
      const { database, source, routes, consumer, start } = await scene.captured([ITEMS]);
      await database.execute(...ROWS);
      const { to } = await replay(source, routes, start, 10);
      await source.acknowledge(consumer.uuid, 7, to, Date.now());
      await source.suspend(consumer.uuid);
      await database.execute(`DELETE FROM items WHERE id = 4`);
      const again = await installFor(source, routes, { ...CONSUMER, reset: true });
      assertEqual([again.seq, again.suspended], [0, false]);
      assertEqual(await source.consumer(consumer.uuid), again);
      assert.equal(await source.covers(again.position, await source.head()), true);
      await source.check(again.position, routes);
      const replica = await currentRows(source, routes);
      await database.execute(`DELETE FROM items WHERE id = 1`);
      await replay(source, routes, again.position, 10, replica);
      await assertSameRows(source, routes, replica);
    }),
  ];
}

function openTransactionCase(options: ContractOptions): ContractCase {
  const name = 'a transaction that stays open holds up no purge, and its changes are kept for later';
  return contractCase(options, name, async (scene) => {
    const { database, source, routes, consumer, start } = await scene.captured([ITEMS]);
    const other = await database.connect();
    try {
      await other.execute('BEGIN');
      await other.execute(`INSERT INTO items (id, name, amount) VALUES (90, 'late', 9)`);
      await database.execute(...ROWS);
      const before = await replay(source, routes, start, 10);
      await source.acknowledge(consumer.uuid, 1, before.to, Date.now());
      assert.equal(await purgeAll(source), ROWS.length);
      await rejection(source.check(start, routes), 'POSITION_PURGED');
      await source.check(before.to, routes);
      await other.execute('COMMIT');
      assert.equal(await purgeAll(source), 0);
      const late = await replay(source, routes, before.to, 10, before.replica);
      assertEqual(
        late.chunks.map((chunk) => chunk.changes),
        [1],
      );
      await assertSameRows(source, routes, late.replica);
      await source.acknowledge(consumer.uuid, 2, late.to, Date.now());
      assert.equal(await purgeAll(source), 1);
      await rejection(source.check(before.to, routes), 'POSITION_PURGED');
    } finally {
      await other.close();
    }
  });
}
