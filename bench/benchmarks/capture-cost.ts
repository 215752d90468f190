/** What capture adds to the source's own writes. */
import { join } from 'node:path';
import type Database from 'better-sqlite3';
import { installJsonAudit } from '../baselines';
import { createItems, fillItems, installCapture, ITEM_COLUMNS, ITEMS, openDatabase } from '../ground';
import { median, ratios, rotated, stopwatch } from '../measuring';
import type { BenchmarkReport } from '../reporting';
import type { Benchmark, BenchmarkOptions } from './benchmark';

const VARIANTS = ['no trigger', 'temporal-cdc', 'row JSON'] as const;
type Variant = (typeof VARIANTS)[number];

const WORKLOADS = ['bulk insert', 'update of all', 'single-row transactions'] as const;
type Workload = (typeof WORKLOADS)[number];

interface Sizes {
  readonly rows: number;
  readonly transactions: number;
  readonly repetitions: number;
}

const FULL: Sizes = { rows: 200_000, transactions: 5_000, repetitions: 5 };
/** Divides every size. */
const SLICES = 50;
const QUICK: Sizes = { rows: 20_000, transactions: 500, repetitions: 2 };

/** Milliseconds by variant and workload, one per repetition. */
type Samples = Record<Variant, Record<Workload, number[]>>;

export const captureCost: Benchmark = {
  name: 'capture-cost',
  title: "cost of capture on the source's writes",
  async run(options) {
    const sizes = options.quick ? QUICK : FULL;
    const samples = emptySamples();
    // One turn that does not count: code is compiled, files and allocator are warm.
    for (let turn = -1; turn < sizes.repetitions; turn++) {
      options.say(turn < 0 ? 'warming up' : `repetition ${turn + 1} of ${sizes.repetitions}`);
      const databases = await openAll(options, turn + 1);
      try {
        measure(databases, turn < 0 ? QUICK : sizes, turn < 0 ? emptySamples() : samples);
      } finally {
        for (const { db } of databases) db.close();
      }
    }
    return report(samples, sizes);
  },
};

interface OpenVariant {
  readonly variant: Variant;
  readonly db: Database.Database;
}

async function openAll({ workspace }: BenchmarkOptions, turn: number): Promise<readonly OpenVariant[]> {
  const folder = workspace.folder('capture-cost');
  const databases: OpenVariant[] = [];
  for (const [index, variant] of rotated(VARIANTS, turn).entries()) {
    const file = join(folder, `${index}.db`);
    const db = openDatabase(file);
    databases.push({ variant, db });
    createItems(db);
    if (variant === 'temporal-cdc') await installCapture(file);
    if (variant === 'row JSON') installJsonAudit(db, ITEMS, ITEM_COLUMNS);
  }
  return databases;
}

/**
 * Runs the workloads on all databases side by side, a slice on each in turn: whatever else the machine does meanwhile
 * falls on all of them alike.
 */
function measure(databases: readonly OpenVariant[], sizes: Sizes, samples: Samples): void {
  const { rows, transactions } = sizes;
  inSlices(databases, 'bulk insert', samples, (db, slice) => {
    if (slice === 0) db.exec('BEGIN');
    fillItems(db, 1 + (slice * rows) / SLICES, rows / SLICES);
    if (slice === SLICES - 1) db.exec('COMMIT');
  });
  // One statement cannot be sliced.
  inSlices(databases, 'update of all', samples, (db, slice) => {
    if (slice === 0) db.exec(`UPDATE ${ITEMS} SET quantity = quantity + 1`);
  });
  inSlices(databases, 'single-row transactions', samples, (db, slice) => {
    fillItems(db, 1 + rows + (slice * transactions) / SLICES, transactions / SLICES);
  });
}

function inSlices(
  databases: readonly OpenVariant[],
  workload: Workload,
  samples: Samples,
  work: (db: Database.Database, slice: number) => void,
): void {
  const times = new Map<Variant, number>();
  // Each workload starts with an empty write-ahead log: none pays for what another has left.
  for (const { db } of databases) db.pragma('wal_checkpoint(TRUNCATE)');
  for (let slice = 0; slice < SLICES; slice++) {
    for (const { variant, db } of databases) {
      const elapsed = stopwatch();
      work(db, slice);
      times.set(variant, (times.get(variant) ?? 0) + elapsed());
    }
  }
  for (const [variant, time] of times) samples[variant][workload].push(time);
}

function emptySamples(): Samples {
  const byWorkload = (): Record<Workload, number[]> => ({
    'bulk insert': [],
    'update of all': [],
    'single-row transactions': [],
  });
  return { 'no trigger': byWorkload(), 'temporal-cdc': byWorkload(), 'row JSON': byWorkload() };
}

/** What ours adds to the plain write, as a share of what the JSON trigger adds; one per repetition. */
function addedShare(samples: Samples, workload: Workload): readonly number[] {
  const plain = samples['no trigger'][workload];
  const added = (variant: Variant): readonly number[] =>
    samples[variant][workload].map((time, index) => time - (plain[index] ?? Number.NaN));
  return ratios(added('temporal-cdc'), added('row JSON'));
}

function report(samples: Samples, sizes: Sizes): BenchmarkReport {
  const bar = (workload: Workload, limit: number): BenchmarkReport['bars'][number] => ({
    what: `what capture adds to ${workload} / what row JSON adds`,
    measured: median(addedShare(samples, workload)),
    limit,
    sense: 'at most',
    unit: '',
  });
  return {
    name: captureCost.name,
    title: captureCost.title,
    method: [
      `A table of five columns in WAL mode, synchronous NORMAL: ${sizes.rows} prepared inserts in one transaction, one update of all rows, ${sizes.transactions} inserts in a transaction each.`,
      'The triggers are those that setup installs; the row-JSON trigger writes json_object of the old and new row to one audit table with an AUTOINCREMENT id, the table, the operation and the time.',
      `Each repetition (${sizes.repetitions}) runs all three side by side on fresh files, a ${SLICES}th of the rows on each in turn. "Added" is the time above that of no trigger in the same repetition; medians.`,
    ],
    tables: [
      {
        title: 'milliseconds, medians',
        columns: ['workload', ...VARIANTS, 'added by temporal-cdc / by row JSON'],
        rows: WORKLOADS.map((workload) => [
          workload,
          ...VARIANTS.map((variant) => median(samples[variant][workload]).toFixed(0)),
          median(addedShare(samples, workload)).toFixed(2),
        ]),
      },
    ],
    bars: [bar('bulk insert', 0.75), bar('single-row transactions', 1.2)],
    samples: { milliseconds: samples },
  };
}
