/** The simulated target behind the engine's port. */
import { CdcError, asCursor, displayName } from '../../engine';
import type {
  RepairKey,
  RowSet,
  StagedChunk,
  StoredDeadLetter,
  Target,
  TargetTransaction,
  Transfer,
} from '../../engine';
import type { Connection } from './connections';
import { refuseRows, touchedKeys } from './refusing';
import type { Actor, Scheduler } from './scheduler';
import { FAMILY, keyOf, pipelineOf, tableSchema } from './schema';
import { checkpointIn, lettersIn, repairsIn, tablesIn } from './target-database';
import type { Letters, TargetDatabase, Work } from './target-database';

export interface TargetWorld {
  readonly scheduler: Scheduler;
  readonly database: TargetDatabase;
  /** A server ends the session of a transaction that says nothing for so long, milliseconds; null: never. */
  readonly idleTimeoutMs: number | null;
  /** Makes a transfer past the engine; null where rows have to pass by it. */
  readonly direct:
    ((stage: (sets: readonly RowSet[]) => number, discard: (token: number) => void) => Transfer) | null;
}

/** How long a transaction waits for a lock, milliseconds. */
const LOCK_TIMEOUT_MS = 500;

export function openTarget(world: TargetWorld, actor: Actor): Target {
  const { database, direct } = world;
  const connection = database.hub.open(actor);
  const staged = new Map<number, readonly RowSet[]>();
  // Staged rows belong to the session.
  connection.onEnd(() => staged.clear());
  let tokens = 0;
  let busy = false;
  const stage = (sets: readonly RowSet[]): number => {
    tokens += 1;
    staged.set(tokens, sets);
    return tokens;
  };
  const discard = (token: number): void => {
    staged.delete(token);
  };
  const take = (chunk: StagedChunk): readonly RowSet[] => {
    const sets = staged.get(chunk.token);
    if (sets === undefined) throw new CdcError('INTERNAL', 'A chunk was merged that is not staged');
    return sets;
  };

  return {
    adapter: FAMILY,
    family: FAMILY,
    tables: () =>
      connection.ask('tables', () =>
        [...database.state.tables.keys()].map((name) =>
          tableSchema({ schema: null, name }, false, pipelineOf(name)),
        ),
      ),
    place: (table) => Promise.resolve(table),
    isEmpty: (table) =>
      connection.ask('is empty', () => (database.state.tables.get(displayName(table))?.size ?? 0) === 0),
    capturedAs: () => Promise.resolve(null),
    planTable: (route) =>
      connection.ask('plan table', () => ({
        on: 'target',
        table: route.id,
        sql: displayName(route.target),
        columns: route.source.columns,
      })),
    notices: () => Promise.resolve([]),
    planObjects: () => Promise.resolve([]),
    installObjects: () => Promise.resolve(),
    createTables: (steps) =>
      connection.perform('create tables', () => {
        for (const { sql } of steps) database.createTable(sql, []);
      }),

    direct: () => Promise.resolve(direct?.(stage, discard) ?? null),
    stageRows: (sets) => connection.ask('stage', () => stage(sets)),
    discardRows: (token) => connection.ask('discard', () => discard(token)),

    checkpoint: (name) => connection.ask('checkpoint', () => database.state.checkpoints.get(name) ?? null),
    tableCheckpoints: (uuid) =>
      connection.ask('table checkpoints', () => [...tablesIn(database.state, null, uuid).values()]),
    deadLetters: (uuid) =>
      connection.ask('dead letters', () => lettersOf(lettersIn(database.state, null, uuid), null)),
    deadLetter: (uuid, id) =>
      connection.ask('dead letter', () => lettersIn(database.state, null, uuid).get(id) ?? null),
    repairs: (uuid, { tables, refused, limit }) =>
      connection.ask('repairs', () =>
        repairsIn(database.state, null, uuid)
          .filter((repair) => tables.includes(repair.table) && (repair.refused !== null) === refused)
          .slice(0, limit),
      ),
    async transaction(_on, work) {
      while (busy) await connection.until('queue', LOCK_TIMEOUT_MS, () => !busy);
      busy = true;
      try {
        return await runTransaction(world, connection, take, work);
      } finally {
        busy = false;
      }
    },
    flush: () => connection.perform('flush', () => database.flush()),
    scan: ({ table, after, upTo, limit, keys }) =>
      connection.ask('scan', () => {
        const rows = [...(database.state.tables.get(displayName(table))?.values() ?? [])]
          .filter((row) => keys === undefined || keys.some((key) => keyOf(row) === Number(key)))
          .filter((row) => after === null || keyOf(row) > Number(after))
          .filter((row) => upTo === null || keyOf(row) <= Number(upTo))
          .sort((a, b) => keyOf(a) - keyOf(b))
          .slice(0, limit ?? undefined);
        const last = rows.at(-1);
        return {
          rows: rows.map((row) => ({ identity: String(keyOf(row)), row })),
          cursor: last === undefined ? null : asCursor(String(keyOf(last))),
        };
      }),
    uninstall: () => Promise.reject(new CdcError('INTERNAL', 'Not simulated')),
    close() {
      connection.end();
      return Promise.resolve();
    },
  };
}

async function runTransaction<T>(
  world: TargetWorld,
  connection: Connection,
  take: (chunk: StagedChunk) => readonly RowSet[],
  run: (tx: TargetTransaction) => Promise<T>,
): Promise<T> {
  const { database } = world;
  await connection.step('begin');
  await untilFree(world, connection, null, null);
  const work = database.begin(connection);
  let result: T;
  try {
    result = await run(transactionPort(world, connection, work, take));
    await connection.step('before commit');
  } catch (error) {
    database.rollback(work);
    throw error;
  }
  database.commit(work);
  await connection.step('after commit');
  return result;
}

/** Waits until nobody holds what `work` needs. Ends sessions that sit on it in silence, as a server does. */
async function untilFree(
  { database, scheduler, idleTimeoutMs }: TargetWorld,
  connection: Connection,
  work: Work | null,
  checkpoint: string | null,
): Promise<void> {
  const deadline = scheduler.now() + LOCK_TIMEOUT_MS;
  const free = (): boolean => database.blockers(checkpoint).every((other) => other === work);
  while (!free()) {
    const left = deadline - scheduler.now();
    if (left <= 0) throw new CdcError('DATABASE_LOCKED', 'Another transaction holds the lock');
    await connection.until('wait for lock', Math.min(left, idleTimeoutMs ?? left), free);
    if (idleTimeoutMs === null) continue;
    for (const other of database.blockers(checkpoint)) {
      const silent = other.connection.actor.stalledUntil > scheduler.now();
      if (other !== work && silent) other.connection.end();
    }
  }
}

function transactionPort(
  world: TargetWorld,
  connection: Connection,
  work: Work,
  take: (chunk: StagedChunk) => readonly RowSet[],
): TargetTransaction {
  const { database } = world;
  const { state } = database;
  const lock = async (name: string): Promise<void> => {
    if (work.locked.has(name)) return;
    await untilFree(world, connection, work, name);
    work.locked.add(name);
  };
  const changeLetters = (
    label: string,
    uuid: string,
    change: (saved: Map<string, StoredDeadLetter>) => void,
  ): Promise<void> =>
    connection.ask(label, () => {
      const saved = new Map(lettersIn(state, work, uuid));
      change(saved);
      work.letters.set(uuid, saved);
    });
  return {
    async lockCheckpoint(name) {
      await connection.step('lock checkpoint');
      await lock(name);
      return checkpointIn(state, work, name);
    },
    async saveCheckpoint(checkpoint) {
      await connection.step('save checkpoint');
      await lock(checkpoint.name);
      work.checkpoints.set(checkpoint.name, checkpoint);
    },
    tableCheckpoints: (uuid) =>
      connection.ask('table checkpoints', () => [...tablesIn(state, work, uuid).values()]),
    saveTables: (uuid, tables) =>
      connection.ask('save tables', () => {
        const saved = new Map(tablesIn(state, work, uuid));
        for (const table of tables) saved.set(table.source, table);
        work.tableCheckpoints.set(uuid, saved);
      }),
    removeTables: (uuid, sources) =>
      connection.ask('remove tables', () => {
        const left = new Map(tablesIn(state, work, uuid));
        for (const source of sources) left.delete(source);
        work.tableCheckpoints.set(uuid, left);
      }),
    merge: (chunk, { setAside = [] } = {}) =>
      connection.ask('merge', () => {
        const sets = take(chunk);
        const refused = sets.find((set) => database.broken.has(displayName(set.route.target)) && writes(set));
        if (refused !== undefined) throw refuses(refused.route.id);
        const { sets: left, aside } = refuseRows(database, sets);
        const fatal = aside.find(({ table }) => !setAside.includes(table));
        if (fatal !== undefined) throw refuses(fatal.table);
        work.merges.push([...left]);
        work.aside.push(...aside);
        return aside;
      }),
    touched: (chunk, table, keys) => connection.ask('touched', () => touchedKeys(take(chunk), table, keys)),
    deadLetters: (uuid, table) =>
      connection.ask('dead letters', () => lettersOf(lettersIn(state, work, uuid), table)),
    saveDeadLetters: (uuid, letters) =>
      changeLetters('save dead letters', uuid, (saved) => {
        for (const letter of letters) {
          const same = [...saved.values()].find(
            ({ table, key }) => table === letter.table && key === letter.key,
          );
          if (same !== undefined) saved.delete(same.id);
          saved.set(letter.id, letter);
        }
      }),
    flagDeadLetters: (uuid, ids) =>
      changeLetters('flag dead letters', uuid, (saved) => {
        for (const letter of [...saved.values()].filter(({ id }) => ids.includes(id)))
          saved.set(letter.id, { ...letter, retry: true });
      }),
    removeDeadLetters: (uuid, ids) =>
      changeLetters('remove dead letters', uuid, (saved) => {
        for (const id of ids) saved.delete(id);
      }),
    saveRepairs: (uuid, repairs) =>
      connection.ask('save repairs', () => {
        const isSame = (one: RepairKey, other: RepairKey) =>
          one.table === other.table && one.key === other.key;
        const saved = repairsIn(state, work, uuid).map(
          (known) => repairs.find((repair) => isSame(repair, known)) ?? known,
        );
        const added = repairs.filter((repair) => !saved.includes(repair));
        work.repairs.set(uuid, [...saved, ...added]);
      }),
    removeRepairs: (uuid, choice) =>
      connection.ask('remove repairs', () => {
        const goes = ({ id, table }: RepairKey): boolean =>
          'ids' in choice ? choice.ids.includes(id) : choice.table === null || choice.table === table;
        work.repairs.set(
          uuid,
          repairsIn(state, work, uuid).filter((repair) => !goes(repair)),
        );
      }),
  };
}

function refuses(table: string): CdcError {
  return new CdcError('CONSTRAINT_FAILED', `Table ${table} refuses its rows`, { table });
}

function lettersOf(letters: Letters, table: string | null): readonly StoredDeadLetter[] {
  return [...letters.values()].filter((letter) => table === null || letter.table === table);
}

function writes({ deletes, upserts, range }: RowSet): boolean {
  return deletes.length > 0 || upserts.length > 0 || (range?.rows.length ?? 0) > 0;
}
