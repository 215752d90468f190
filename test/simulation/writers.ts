/** Writers of the source: several at a time, some slow to commit, some that change their mind. */
import type { Coverage } from './coverage';
import type { Plan } from './plan';
import type { Random } from './random';
import { TABLES, makeRow } from './schema';
import type { Actor, Scheduler } from './scheduler';
import type { SourceDatabase, SourceTransaction } from './source-database';

export interface WriterWorld {
  readonly scheduler: Scheduler;
  readonly coverage: Coverage;
  readonly plan: Plan;
  readonly source: SourceDatabase;
  /** A number that no other write has. */
  readonly nextValue: () => number;
  /** The greatest order number that a reader has been handed. */
  readonly highestRead: () => number;
}

const LOCK_TIMEOUT_MS = 60;
const ROLLBACKS = 0.12;

/** Rows that stand in the source before anything else happens. */
export function writeInitialRows({ source, plan, nextValue }: WriterWorld): void {
  const transaction = source.begin();
  for (const table of TABLES) {
    for (let key = 1; key <= plan.initialRows; key++)
      source.write(transaction, table, key, makeRow(key, nextValue()));
  }
  source.commit(transaction);
}

/** Resolves when the writer has done its transactions. */
export async function runWriter(world: WriterWorld, actor: Actor, random: Random): Promise<void> {
  const { scheduler, plan, source, coverage } = world;
  for (let count = 0; count < plan.transactions; count++) {
    await scheduler.sleep(actor, random.below(120), 'rests');
    const transaction = source.begin();
    const statements = random.pick([1, 1, 2, 3, 5]);
    let going = true;
    for (let done = 0; going && done < statements; done++) {
      going = await statement(world, actor, random, transaction);
    }
    if (random.chance(plan.late))
      await scheduler.sleep(actor, random.between(50, 500), 'leaves its transaction open');
    if (!transaction.open) continue;
    if (!going || random.chance(ROLLBACKS)) {
      source.rollback(transaction);
      scheduler.note(actor, 'rolls back');
      coverage.happened('rollback');
      continue;
    }
    if (transaction.changes.some(({ order }) => order < world.highestRead())) {
      coverage.happened('late commit behind a reader');
    }
    source.commit(transaction);
    scheduler.note(actor, () => `commits ${String(transaction.xid)}: ${describe(transaction)}`);
  }
}

/** Writes something to one key or two. False when it would have to wait too long, or the database has gone. */
async function statement(
  world: WriterWorld,
  actor: Actor,
  random: Random,
  transaction: SourceTransaction,
): Promise<boolean> {
  const { scheduler, plan, source, coverage, nextValue } = world;
  const table = random.pick(TABLES);
  const key = random.between(1, plan.keys);
  const other = random.between(1, plan.keys);
  await scheduler.step(actor, `writes ${table} ${String(key)}`);
  const free = (): boolean =>
    !transaction.open ||
    !(source.isLocked(transaction, table, key) || source.isLocked(transaction, table, other));
  await scheduler.until(actor, 'waits for a row', LOCK_TIMEOUT_MS, free);
  if (!free() || !transaction.open) return false;

  const fresh = (at: number): void => source.write(transaction, table, at, makeRow(at, nextValue()));
  if (plan.reread.has(table) && random.chance(0.15)) source.touch(transaction, table, key);
  if (source.row(transaction, table, key) === null) {
    fresh(key);
    return true;
  }
  const kind = random.next();
  if (kind < 0.45) fresh(key);
  else if (kind < 0.7) source.write(transaction, table, key, null);
  else if (kind < 0.85) {
    source.write(transaction, table, key, null);
    fresh(key);
    coverage.happened('key deleted and inserted again');
  } else {
    source.write(transaction, table, key, null);
    fresh(other);
    coverage.happened('key update');
  }
  return true;
}

function describe(transaction: SourceTransaction): string {
  return [...transaction.versions.values()]
    .flatMap(({ table, key, list }) =>
      list.map(({ order, row }) => `${String(order)}=${table}/${String(key)}${row === null ? '-' : ''}`),
    )
    .join(' ');
}
