/** Pipelines that capture by a column, from a database of several writers to a SQLite file. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Adapter, KeysetCapture, KeysetLook, Pipeline, Source } from '../../engine';
import { routesOf } from '../../engine/contract/scene';
import type { ScratchDatabase } from '../../engine/contract';
import { engineOver, REF, replicate, specOf, started } from './pipelines';
import { randomNumbers } from './random-numbers';
import type { TemporaryFolder } from './sqlite';

const CAPTURE: KeysetCapture = {
  by: 'timestamp',
  column: 'updated_at',
  lookbackMs: null,
  deleted: null,
  allowScan: false,
  per: 'table',
  sweepMs: null,
};

const SPEC = { ...specOf(['*']), capture: CAPTURE };

export interface KeysetSide {
  readonly adapter: Adapter;
  readonly database: ScratchDatabase;
  readonly folder: TemporaryFolder;
  /** `accounts (id, n, updated_at)` with an index on the last. */
  readonly tables: readonly string[];
}

/** Rows of both sides, by their numbers; `updated_at` is spelled otherwise in SQLite. */
async function bothSides({ adapter, database, folder }: KeysetSide): Promise<readonly [string, string]> {
  const source = await adapter.openSource({ url: database.url, readOnly: true });
  try {
    const [route] = await routesOf(source, [{ name: 'accounts' }]);
    if (route === undefined) throw new Error('accounts is there');
    const { rows } = await source.scan({
      table: route.source.name,
      columns: ['id', 'n'],
      key: ['id'],
      after: null,
      upTo: null,
      limit: null,
    });
    const replica = folder
      .database('replica.db')
      .prepare('SELECT id, n FROM accounts ORDER BY id')
      .raw()
      .all();
    return [textOf(rows.map(({ row }) => row)), textOf(replica)];
  } finally {
    await source.close();
  }
}

function textOf(rows: readonly unknown[]): string {
  return rows.map((row) => (Array.isArray(row) ? row.join(' ') : '')).join('\n');
}

async function begun({ adapter, database, folder, tables }: KeysetSide): Promise<{
  readonly pipeline: Pipeline;
  readonly step: () => Promise<void>;
}> {
  await database.execute(
    ...tables,
    ...[1, 2, 3].map(
      (id) => `INSERT INTO accounts (id, n, updated_at) VALUES (${String(id)}, 0, CURRENT_TIMESTAMP(6))`,
    ),
  );
  const engine = folder.closing(engineOver(database.url, folder.url('replica.db'), { others: [adapter] }));
  const pipeline = await engine.pipeline({ ...REF, capture: CAPTURE });
  const { generation } = await started(pipeline, SPEC);
  return {
    pipeline,
    step: async () => {
      await replicate(pipeline, generation, { lingerMs: 0 });
    },
  };
}

/** Together longer than what is read again in any case; in the long run 20 seconds. */
const LATE_ROUNDS = process.env['CDC_LONG'] === '1' ? 50 : 8;
const ROUND_MS = 400;

/** Holds a transaction open while later ones are replicated. Answers the rows of both sides afterwards. */
export async function replicateLate(side: KeysetSide): Promise<readonly [string, string]> {
  const { step } = await begun(side);
  const slow = await side.database.connect();
  await slow.execute('BEGIN');
  await slow.execute(`UPDATE accounts SET n = 100, updated_at = CURRENT_TIMESTAMP(6) WHERE id = 1`);
  for (let round = 0; round < LATE_ROUNDS; round++) {
    await side.database.execute(
      `UPDATE accounts SET n = n + 1, updated_at = CURRENT_TIMESTAMP(6) WHERE id = 2`,
    );
    await step();
    await sleep(ROUND_MS);
  }
  await slow.execute('COMMIT');
  await slow.close();
  await settle(step);
  return bothSides(side);
}

const WRITERS = 4;

/** Several writers, some of which hold their transactions open. Answers the rows of both sides afterwards. */
export async function replicateWriters(
  side: KeysetSide,
  { seed, ms }: { readonly seed: number; readonly ms: number },
): Promise<readonly [string, string]> {
  const { step } = await begun(side);
  const until = Date.now() + ms;
  let isOver = false;
  const writing = Promise.all(
    Array.from({ length: WRITERS }, (_, index) => write(side.database, seed * 10 + index, index, until)),
  ).finally(() => (isOver = true));
  while (!isWritten()) await step();
  await writing;
  await settle(step);
  return bothSides(side);

  function isWritten(): boolean {
    return isOver;
  }
}

async function settle(step: () => Promise<void>): Promise<void> {
  for (let round = 0; round < 3; round++) {
    await step();
    await sleep(300);
  }
  await step();
}

async function write(database: ScratchDatabase, seed: number, writer: number, until: number): Promise<void> {
  const client = await database.connect();
  const random = randomNumbers(seed);
  for (let turn = 0; Date.now() < until; turn++) {
    try {
      await client.execute('BEGIN');
      const id = String((writer + 1) * 100_000 + turn);
      if (random.below(2) === 0) {
        await client.execute(
          `INSERT INTO accounts (id, n, updated_at) VALUES (${id}, 1, CURRENT_TIMESTAMP(6))`,
        );
      }
      await client.execute(
        `UPDATE accounts SET n = n + 1, updated_at = CURRENT_TIMESTAMP(6) WHERE id = ${String(1 + random.below(3))} OR id = ${id}`,
      );
      if (random.below(15) === 0) await sleep(random.below(2_500));
      await client.execute(random.below(10) === 0 ? 'ROLLBACK' : 'COMMIT');
    } catch {
      // Writers that stand in each other's way.
      await client.execute('ROLLBACK');
    }
  }
  await client.close();
}

/** An adapter whose sources say that nothing is open. */
export function blinded(adapter: Adapter): Adapter {
  return {
    ...adapter,
    async openSource(options): Promise<Source> {
      const source = await adapter.openSource(options);
      const { keyset } = source;
      if (keyset === undefined) return source;
      return {
        ...source,
        keyset: {
          ...keyset,
          look: async (columns): Promise<KeysetLook> => ({ ...(await keyset.look(columns)), open: [] }),
        },
      };
    },
  };
}
