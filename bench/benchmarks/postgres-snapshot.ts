/** The first copy of a table, by the whole product and by two psql with a pipe between them. */
import { startProduct, type Product } from '../ground';
import {
  copyByPsql,
  createPostgresItems,
  CREATE_PG_ITEMS,
  requireSameItems,
  execute,
  PG_ITEMS,
  settleServer,
  startPostgres,
  untilItemVisible,
  type PostgresServer,
} from '../ground/postgres';
import { median, ratios, rotated, stopwatch } from '../measuring';
import type { BenchmarkReport } from '../reporting';
import type { Benchmark } from './benchmark';

const CONTESTANTS = ['product', 'text', 'binary'] as const;
type Contestant = (typeof CONTESTANTS)[number];

const SOURCE = 'snapshot';
const TIMEOUT_MS = 300_000;

interface Sizes {
  readonly rows: number;
  readonly repetitions: number;
}

const FULL: Sizes = { rows: 1_000_000, repetitions: 3 };
const QUICK: Sizes = { rows: 50_000, repetitions: 1 };

/** Milliseconds, one per repetition. */
interface Samples extends Readonly<Record<Contestant, number[]>> {
  /** Since setup was over. */
  readonly rows: number[];
}

export const postgresSnapshot: Benchmark = {
  name: 'postgres-snapshot',
  title: 'the first copy of a table, PostgreSQL to PostgreSQL',
  async run({ workspace, quick, say }) {
    const sizes = quick ? QUICK : FULL;
    const [here, there] = [await startPostgres(workspace), await startPostgres(workspace)];
    const source = await here.createDatabase(SOURCE);
    await createPostgresItems(source, sizes.rows);
    const names = Array.from({ length: sizes.repetitions }, (_, turn) => `product_${turn + 1}`);
    const product = await startProduct(
      workspace,
      names.map((name) => ({ name, source, target: there.url(name), tables: [`public.${PG_ITEMS}`] })),
    );
    await product.restartWorker();
    const samples: Samples = { product: [], rows: [], text: [], binary: [] };
    for (const [turn, name] of names.entries()) {
      for (const contestant of rotated(CONTESTANTS, turn)) {
        say(`repetition ${turn + 1} of ${sizes.repetitions}: ${contestant}`);
        const database = contestant === 'product' ? name : `${contestant}_${turn + 1}`;
        const target = await there.createDatabase(database);
        await execute(target, CREATE_PG_ITEMS);
        await settleServer(source, target);
        if (contestant === 'product') await runProduct(product, name, target, sizes.rows, samples);
        else samples[contestant].push(await runPsql(here, there, database, contestant));
        await requireSameItems(source, target);
        if (contestant === 'product') await product.stop(name);
        await execute(there.url('postgres'), `DROP DATABASE ${database} WITH (FORCE)`);
      }
    }
    return report(samples, sizes);
  },
};

async function runProduct(
  product: Product,
  name: string,
  target: string,
  rows: number,
  samples: Samples,
): Promise<void> {
  const elapsed = stopwatch();
  await product.start(name);
  const setup = elapsed();
  await untilItemVisible(target, rows, TIMEOUT_MS);
  samples.product.push(elapsed());
  samples.rows.push(elapsed() - setup);
}

async function runPsql(
  here: PostgresServer,
  there: PostgresServer,
  database: string,
  format: 'text' | 'binary',
): Promise<number> {
  const elapsed = stopwatch();
  await copyByPsql(here, there, { source: SOURCE, target: database }, format);
  return elapsed();
}

function report(samples: Samples, { rows, repetitions }: Sizes): BenchmarkReport {
  const row = (what: string, times: readonly number[]): readonly string[] => [
    what,
    median(times).toFixed(0),
    (rows / median(times)).toFixed(0),
    median(ratios(times, samples.text)).toFixed(2),
  ];
  return {
    name: postgresSnapshot.name,
    title: postgresSnapshot.title,
    method: [
      `${rows} rows of eight columns with a primary key, between two servers of their own, into an empty table that has it, too.`,
      'The product: dev server, worker process, workflow; from the call that starts the pipeline until the last row is visible, and the part of it since setup had succeeded. It copies in ranges of the key, each with its checkpoint in a transaction, while the table may be written.',
      'psql: COPY TO STDOUT into COPY FROM STDIN through a pipe, in text and in binary, one transaction.',
      `${repetitions} repetitions in turning order; medians, quotients per repetition. After each run, source and target are compared by md5.`,
    ],
    tables: [
      {
        title: `${rows} rows`,
        columns: ['', 'ms', 'thousand rows/s', 'times psql in text'],
        rows: [
          row('temporal-cdc, whole', samples.product),
          row('temporal-cdc, since setup', samples.rows),
          row('psql, text', samples.text),
          row('psql, binary', samples.binary),
        ],
      },
    ],
    bars: [],
    samples: { milliseconds: samples },
  };
}
