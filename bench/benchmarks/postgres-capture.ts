/** What capture adds to the writes of a PostgreSQL source. */
import { auditTrigger, JSONB_AUDIT } from '../baselines';
import {
  capturePostgresTables,
  createPostgresItems,
  execute,
  insertItem,
  insertItems,
  PG_ITEMS,
  runPgbench,
  selectOne,
  startPostgres,
  withClient,
  type PgbenchScript,
  type PostgresServer,
} from '../ground/postgres';
import { median, processorMilliseconds, ratios, rotated, stopwatch } from '../measuring';
import type { BenchmarkReport } from '../reporting';
import type { Benchmark } from './benchmark';

/** `guarded`: capture by a role that may not create event triggers. */
const VARIANTS = ['none', 'capture', 'guarded', 'jsonb'] as const;
type Variant = (typeof VARIANTS)[number];

const TITLES: Readonly<Record<Variant, string>> = {
  none: 'no trigger',
  capture: 'temporal-cdc',
  guarded: 'temporal-cdc without event trigger',
  jsonb: 'row jsonb',
};

const CLIENTS = [1, 8] as const;
const BULK = ['insert', 'update', 'delete'] as const;

interface Sizes {
  readonly rows: number;
  readonly bulkRows: number;
  /** Of a second each. */
  readonly slices: number;
  readonly repetitions: number;
}

const FULL: Sizes = { rows: 100_000, bulkRows: 200_000, slices: 4, repetitions: 5 };
const QUICK: Sizes = { rows: 10_000, bulkRows: 10_000, slices: 1, repetitions: 1 };

/** Transactions per second, and milliseconds. */
type Samples = Record<
  Variant,
  {
    readonly tps: Record<(typeof CLIENTS)[number], number[]>;
    readonly bulk: Record<(typeof BULK)[number], number[]>;
    /** Processor time of the server's process. */
    readonly processor: Record<(typeof BULK)[number], number[]>;
  }
>;

export const postgresCapture: Benchmark = {
  name: 'postgres-capture',
  title: "cost of capture on a PostgreSQL source's writes",
  async run({ workspace, quick, say }) {
    const sizes = quick ? QUICK : FULL;
    const server = await startPostgres(workspace);
    const folder = workspace.folder('pgbench');
    for (const variant of VARIANTS) await prepare(server, variant, sizes.rows);
    const samples = emptySamples();
    for (let turn = 0; turn < sizes.repetitions; turn++) {
      say(`repetition ${turn + 1} of ${sizes.repetitions}`);
      for (const variant of VARIANTS) await settle(server, variant);
      for (const clients of CLIENTS) {
        const rates = await singleRows(server, folder, clients, turn, sizes);
        for (const variant of VARIANTS) samples[variant].tps[clients].push(rates[variant]);
      }
      for (const variant of rotated(VARIANTS, turn)) {
        await settle(server, variant);
        await bulk(server.url(variant), sizes, samples[variant]);
      }
    }
    return report(samples, sizes);
  },
};

/**
 * Transactions per second of each variant, in slices that alternate: what else the machine does falls on all alike.
 */
async function singleRows(
  server: PostgresServer,
  folder: string,
  clients: number,
  turn: number,
  { rows, slices }: Sizes,
): Promise<Record<Variant, number>> {
  const rates: Record<Variant, number> = { none: 0, capture: 0, guarded: 0, jsonb: 0 };
  for (let slice = 0; slice < slices; slice++) {
    for (const variant of rotated(VARIANTS, turn + slice)) {
      const run = { database: variant, clients, limit: { seconds: 1 }, seed: 1 + turn * slices + slice };
      rates[variant] += (await runPgbench(server, folder, scripts(rows), run)) / slices;
    }
  }
  return rates;
}

/** Six updates, three inserts and a delete in ten, each a transaction of one statement on one row. */
function scripts(rows: number): readonly PgbenchScript[] {
  const chosen = `\\set id random(1, ${rows})\n`;
  return [
    {
      name: 'update',
      weight: 6,
      text: `${chosen}UPDATE ${PG_ITEMS} SET quantity = quantity + 1, price = price + 0.125 WHERE id = :id;\n`,
    },
    { name: 'insert', weight: 3, text: `${insertItem("nextval('new_items')")};\n` },
    {
      name: 'delete',
      weight: 1,
      text: `DELETE FROM ${PG_ITEMS} WHERE id = (SELECT last_value - 2 FROM new_items);\n`,
    },
  ];
}

async function prepare(server: PostgresServer, variant: Variant, rows: number): Promise<void> {
  const url = await server.createDatabase(variant);
  await createPostgresItems(url, rows);
  await execute(url, `CREATE SEQUENCE new_items START ${10 * FULL.rows} CACHE 1`);
  if (variant === 'jsonb') await execute(url, ...JSONB_AUDIT, auditTrigger(PG_ITEMS));
  if (variant === 'capture') await capturePostgresTables(url);
  if (variant === 'guarded') {
    await execute(
      url,
      'CREATE ROLE plain LOGIN',
      'GRANT CREATE ON DATABASE guarded TO plain',
      `ALTER TABLE ${PG_ITEMS} OWNER TO plain`,
    );
    await capturePostgresTables(url.replace(/\/\/[^@]*@/, '//plain@'));
  }
}

/** What earlier runs have left is cleaned up outside of what is measured. */
async function settle(server: PostgresServer, variant: Variant): Promise<void> {
  await execute(server.url(variant), 'VACUUM (ANALYZE)', 'CHECKPOINT');
}

async function bulk(url: string, { bulkRows }: Sizes, samples: Samples[Variant]): Promise<void> {
  const first = 1_000 * FULL.rows;
  const statements: Readonly<Record<(typeof BULK)[number], string>> = {
    insert: insertItems(first, first + bulkRows - 1),
    update: `UPDATE ${PG_ITEMS} SET quantity = quantity + 1, price = price + 0.125 WHERE id >= ${first}`,
    delete: `DELETE FROM ${PG_ITEMS} WHERE id >= ${first}`,
  };
  await withClient(url, async (client) => {
    await client.query('SET synchronous_commit = off');
    const pid = Number(await selectOne(client, 'SELECT pg_backend_pid()'));
    for (const kind of BULK) {
      const elapsed = stopwatch();
      const before = processorMilliseconds(pid);
      await client.query(statements[kind]);
      samples.bulk[kind].push(elapsed());
      samples.processor[kind].push(processorMilliseconds(pid) - before);
    }
  });
}

function emptySamples(): Samples {
  const none = (): Samples[Variant] => ({
    tps: { 1: [], 8: [] },
    bulk: { insert: [], update: [], delete: [] },
    processor: { insert: [], update: [], delete: [] },
  });
  return { none: none(), capture: none(), guarded: none(), jsonb: none() };
}

function report(samples: Samples, sizes: Sizes): BenchmarkReport {
  const share = (variant: Variant, clients: (typeof CLIENTS)[number]): number =>
    median(ratios(samples[variant].tps[clients], samples.none.tps[clients]));
  const times = (variant: Variant, kind: (typeof BULK)[number], of: 'bulk' | 'processor' = 'bulk'): number =>
    median(ratios(samples[variant][of][kind], samples.none[of][kind]));
  return {
    name: postgresCapture.name,
    title: postgresCapture.title,
    method: [
      `A table of eight columns with ${sizes.rows} rows in four databases of one server of its own, synchronous_commit off. Single rows: pgbench with prepared statements, six updates, three inserts and one delete in ten, each a transaction, ${sizes.slices} slices of a second; in bulk: ${sizes.bulkRows} rows in one statement each.`,
      'The triggers are those that setup installs, with the event trigger; "without event trigger" is the same by a role that may not create one. The row-jsonb trigger writes to_jsonb of the old and new row to one audit table.',
      `${sizes.repetitions} repetitions in turning order, each after VACUUM and CHECKPOINT; medians, quotients per repetition. "By processor" is the quotient of the processor times of the server's process, which other work on the machine changes less.`,
    ],
    tables: [
      {
        title: 'single-row transactions per second, and as a part of no trigger',
        columns: ['', ...CLIENTS.flatMap((clients) => [`${clients} client(s)`, 'of none'])],
        rows: VARIANTS.map((variant) => [
          TITLES[variant],
          ...CLIENTS.flatMap((clients) => [
            median(samples[variant].tps[clients]).toFixed(0),
            share(variant, clients).toFixed(2),
          ]),
        ]),
      },
      {
        title: `${sizes.bulkRows} rows in one statement, milliseconds, and times no trigger`,
        columns: ['', ...BULK.flatMap((kind) => [kind, 'of none', 'by processor'])],
        rows: VARIANTS.map((variant) => [
          TITLES[variant],
          ...BULK.flatMap((kind) => [
            median(samples[variant].bulk[kind]).toFixed(0),
            times(variant, kind).toFixed(2),
            times(variant, kind, 'processor').toFixed(2),
          ]),
        ]),
      },
    ],
    bars: [
      ...CLIENTS.map((clients) => ({
        what: `single-row transactions/s with capture / without, ${clients} client(s)`,
        measured: share('capture', clients),
        limit: 0.5,
        sense: 'at least' as const,
        unit: '',
      })),
      {
        what: 'time of a bulk insert with capture / without',
        measured: times('capture', 'insert'),
        limit: 2.2,
        sense: 'at most',
        unit: '',
      },
    ],
    samples: { samples },
  };
}
