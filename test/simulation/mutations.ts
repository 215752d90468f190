/**
 * The negative control: each mutation makes the ports behave as if the engine lacked one rule. The simulation must
 * catch every one of them. Nothing of this reaches into the engine: what it does is twisted on its way to a database.
 */
import { isCdcError } from '../../engine';
import type { Checkpoint, Pipeline, RowChange, Source, Target, TargetTransaction, Tuple } from '../../engine';
import type { Plan } from './plan';
import type { Snapshot } from './positions';
import { covers, parsePosition } from './positions';
import { deleteChanges } from './source';
import type { SourceDatabase } from './source-database';

export interface Mutation {
  /** What an engine would have to lack. */
  readonly description: string;
  /** Worlds in which it can show; all, unless given. */
  readonly where?: (plan: Plan) => boolean;
  readonly maxIdCursor?: boolean;
  readonly rangeSnapshot?: (database: SourceDatabase) => () => Snapshot;
  readonly source?: (port: Source, database: SourceDatabase) => Source;
  readonly target?: (port: Target) => Target;
  readonly pipeline?: (port: Pipeline) => Pipeline;
}

export const NO_MUTATION: Mutation = { description: 'The engine as it is' };

type Twist = (tx: TargetTransaction) => TargetTransaction;

/** A target whose transactions are twisted. */
function withTransactions(port: Target, twist: Twist): Target {
  return { ...port, transaction: (on, work) => port.transaction(on, (tx) => work(twist(tx))) };
}

/** The newest row that this handle has saved of each pipeline: what its caller believes to hold. */
function remembering(twist: (tx: TargetTransaction, held: Map<string, Checkpoint>) => TargetTransaction) {
  return (port: Target): Target => {
    const held = new Map<string, Checkpoint>();
    return withTransactions(port, (tx) => twist(tx, held));
  };
}

type Save = (tx: TargetTransaction) => Promise<void>;

/** A target that commits what the twist puts off in a transaction of its own, after the first. */
function inTwoTransactions(twist: (tx: TargetTransaction, later: Save[]) => TargetTransaction) {
  return (port: Target): Target => ({
    ...port,
    async transaction(on, work) {
      const later: Save[] = [];
      const result = await port.transaction(on, (tx) => work(twist(tx, later)));
      if (later.length > 0) {
        await port.transaction(null, async (tx) => {
          for (const save of later) await save(tx);
        });
      }
      return result;
    },
  });
}

/** Worlds in which rows are set aside. */
function refuses({ faults, letters }: Plan): boolean {
  return faults.refusals > 0 && letters !== null;
}

/** Worlds in which several tables may be copied at once. */
function copiesAtOnce({ pipelines }: Plan): boolean {
  return pipelines.some(({ tables, snapshotTables }) => tables.length > 1 && snapshotTables > 1);
}

/** Rows as they were last read, by table and key. */
const images = new WeakMap<SourceDatabase, Map<string, Tuple>>();

function imagesOf(database: SourceDatabase): Map<string, Tuple> {
  const known = images.get(database) ?? new Map<string, Tuple>();
  images.set(database, known);
  return known;
}

const mutations = {
  maxIdCursor: {
    description: 'A position is the greatest id seen, whatever was not yet visible below it',
    maxIdCursor: true,
  },
  checkpointInItsOwnTransaction: {
    description: 'Rows commit first, the checkpoint after them',
    target: inTwoTransactions((tx, later) => {
      let merged = false;
      const defer = (save: Save): Promise<void> => {
        if (!merged) return save(tx);
        later.push(save);
        return Promise.resolve();
      };
      return {
        ...tx,
        merge(chunk, options) {
          merged = true;
          return tx.merge(chunk, options);
        },
        saveTables: (uuid, tables) => defer((second) => second.saveTables(uuid, tables)),
        saveCheckpoint: (checkpoint) => defer((second) => second.saveCheckpoint(checkpoint)),
      };
    }),
  },
  noEpochCheck: {
    description: 'A commit does not ask whether another attempt has claimed since',
    target: remembering((tx, held) => ({
      ...tx,
      async lockCheckpoint(name) {
        const locked = await tx.lockCheckpoint(name);
        const mine = held.get(name);
        if (locked === null || mine?.uuid !== locked.uuid) return locked;
        return { ...locked, epoch: mine.epoch, seq: mine.seq, position: mine.position };
      },
      async saveCheckpoint(checkpoint) {
        await tx.saveCheckpoint(checkpoint);
        held.set(checkpoint.name, checkpoint);
      },
    })),
  },
  purgeWithoutFloor: {
    description: 'Whoever has acknowledged purges what it has passed, and nobody remembers that',
    source(port, database) {
      let own: ReturnType<typeof parsePosition> | null = null;
      return {
        ...port,
        async acknowledge(uuid, seq, position, now) {
          await port.acknowledge(uuid, seq, position, now);
          own = parsePosition(position);
        },
        async purge(request) {
          await port.head();
          const passed = own;
          if (passed === null) return 0;
          const gone = database.state.log.filter((change) => covers(passed, change)).slice(0, request.limit);
          deleteChanges(database, gone, false);
          return gone.length;
        },
      };
    },
  },
  claimIgnoresGeneration: {
    description: 'An attempt that was handed out before a pause may claim after it',
    target: (port) =>
      withTransactions(port, (tx) => {
        let generation = 0;
        return {
          ...tx,
          async lockCheckpoint(name) {
            const locked = await tx.lockCheckpoint(name);
            generation = locked?.generation ?? 0;
            return locked === null ? null : { ...locked, generation: 0 };
          },
          saveCheckpoint: (checkpoint) =>
            tx.saveCheckpoint({ ...checkpoint, generation: Math.max(generation, checkpoint.generation) }),
        };
      }),
  },
  fenceForgotten: {
    description:
      'A pause trusts that running attempts notice; nothing on the target keeps them from committing',
    pipeline: (port) => ({ ...port, fence: () => Promise.resolve() }),
  },
  acknowledgeBeforeFlush: {
    description: 'The source is told of commits that a power cut on the target may still take back',
    where: ({ faults }) => faults.powerCuts > 0,
    target: (port) => ({ ...port, flush: () => Promise.resolve() }),
  },
  acknowledgeAhead: {
    description: 'The source is told its newest position instead of the one that was applied',
    source: (port) => ({
      ...port,
      acknowledge: async (uuid, seq, _position, now) => port.acknowledge(uuid, seq, await port.head(), now),
    }),
  },
  acknowledgeWithoutHandshake: {
    description: 'A restored source is told what was applied, which wipes out what it is known by',
    where: ({ fingerprint }) => !fingerprint,
    target: (port) => ({
      ...port,
      async checkpoint(name) {
        const checkpoint = await port.checkpoint(name);
        return checkpoint === null ? null : { ...checkpoint, ackedSeq: 0 };
      },
    }),
  },
  snapshotOutsideWindow: {
    description: 'The rows of a snapshot range are read in an earlier MVCC snapshot than the window',
    rangeSnapshot(database) {
      let earlier: Snapshot | null = null;
      return () => {
        const now = database.snapshot();
        const used = earlier ?? now;
        earlier = now;
        return used;
      };
    },
  },
  cursorsExchanged: {
    description: 'A commit saves how far one table has been copied as how far another has',
    where: copiesAtOnce,
    target: (port) =>
      withTransactions(port, (tx) => ({
        ...tx,
        saveTables(uuid, tables) {
          const cursors = tables.flatMap(({ cursor }) => cursor ?? []);
          const exchanged = tables.map((table) =>
            table.cursor === null ? table : { ...table, cursor: cursors.pop() ?? null },
          );
          return tx.saveTables(uuid, exchanged);
        },
      })),
  },
  laterRangesUnread: {
    description: 'Of the ranges of a chunk the first is applied, and all tables are taken as copied so far',
    where: copiesAtOnce,
    source: (port) => ({
      ...port,
      async read(request) {
        const chunk = await port.read(request);
        return { ...chunk, ranges: chunk.ranges.slice(0, 1) };
      },
    }),
  },
  replaceForgotten: {
    description: 'A snapshot that replaces leaves the rows that the source lacks',
    source: (port) => ({
      ...port,
      async read(request) {
        const chunk = await port.read(request);
        return { ...chunk, ranges: chunk.ranges.map((range) => ({ ...range, replace: false })) };
      },
    }),
  },
  handshakeIgnored: {
    description: 'Nobody compares what source and target remember of each other',
    where: ({ fingerprint }) => !fingerprint,
    source: (port) => ({
      ...port,
      async consumer(uuid) {
        const consumer = await port.consumer(uuid);
        return consumer === null ? null : { ...consumer, seq: 0 };
      },
    }),
    target: (port) =>
      withTransactions(
        {
          ...port,
          async checkpoint(name) {
            const checkpoint = await port.checkpoint(name);
            return checkpoint === null ? null : { ...checkpoint, ackedSeq: 0 };
          },
        },
        (tx) => {
          let acked = 0;
          let uuid = '';
          return {
            ...tx,
            async lockCheckpoint(name) {
              const locked = await tx.lockCheckpoint(name);
              if (locked === null) return null;
              ({ ackedSeq: acked, uuid } = locked);
              return { ...locked, ackedSeq: 0 };
            },
            saveCheckpoint(checkpoint) {
              const ackedSeq =
                checkpoint.uuid === uuid ? Math.max(acked, checkpoint.ackedSeq) : checkpoint.ackedSeq;
              return tx.saveCheckpoint({ ...checkpoint, ackedSeq });
            },
          };
        },
      ),
  },
  floorIgnored: {
    description: 'Nobody asks whether changes after the position have been purged',
    where: ({ faults }) => faults.forcedPurge,
    source: (port) => ({
      ...port,
      async check(position, routes) {
        try {
          return await port.check(position, routes);
        } catch (error) {
          if (!isCdcError(error, 'POSITION_PURGED')) throw error;
          return port.check(position, []);
        }
      },
    }),
  },
  parkedPositionForgotten: {
    description: 'A table that was parked goes on from where the others are',
    where: ({ faults }) => faults.breakages > 0,
    target: (port) =>
      withTransactions(port, (tx) => ({
        ...tx,
        saveTables: (uuid, tables) =>
          tx.saveTables(
            uuid,
            tables.map((table) => (table.state === 'replicating' ? { ...table, position: null } : table)),
          ),
      })),
  },
  purgePastParked: {
    description: 'The source is told where the pipeline stands, whatever parked tables have yet to read',
    where: ({ faults }) => faults.breakages > 0,
    target: (port) => ({
      ...port,
      tableCheckpoints: async (uuid) =>
        (await port.tableCheckpoints(uuid)).map((table) => ({ ...table, position: null })),
    }),
  },
  rejoinedUnread: {
    description: 'A table that rejoins the others is not read from its own position to theirs',
    where: ({ faults }) => faults.breakages > 0,
    source: (port) => ({
      ...port,
      read: ({ behind: _, ...request }) => port.read(request),
    }),
  },
  lettersNotSuperseded: {
    description: 'A dead letter stays when a later change of its key is applied',
    where: refuses,
    target: (port) =>
      withTransactions(port, (tx) => ({
        ...tx,
        touched: (_chunk, _table, keys) => Promise.resolve(keys.map(() => false)),
      })),
  },
  retryFromStoredImage: {
    description: 'A retry applies the row that was set aside, not the one that the source has now',
    where: refuses,
    source: (port, database) => ({
      ...port,
      async read(request) {
        const images = imagesOf(database);
        const chunk = await port.read(request);
        const ranges = chunk.ranges.map((range) => {
          const stored = (range.only ?? []).flatMap((key) => {
            const image = images.get(`${range.table} ${key}`);
            return image === undefined ? [] : [image];
          });
          const known = new Set(stored.map(([key]) => key));
          return { ...range, rows: [...range.rows.filter(([key]) => !known.has(key)), ...stored] };
        });
        for (const { table, changes } of chunk.tables)
          for (const change of changes)
            if (change.kind === 'upsert') images.set(`${table} ${change.identity}`, change.row);
        return { ...chunk, ranges };
      },
    }),
  },
  lettersInTheirOwnTransaction: {
    description: 'The checkpoint commits first, the letters of what it passed over after it',
    where: refuses,
    target: inTwoTransactions((tx, later) => ({
      ...tx,
      saveDeadLetters(uuid, letters) {
        later.push((second) => second.saveDeadLetters(uuid, letters));
        return Promise.resolve();
      },
    })),
  },
  netKeepsFirst: {
    description: 'Of several changes of a key in a chunk the first counts',
    source: (port) => ({
      ...port,
      async read(request) {
        const chunk = await port.read(request);
        return {
          ...chunk,
          tables: chunk.tables.map(({ table, changes }) => ({ table, changes: firsts(changes) })),
        };
      },
    }),
  },
} as const satisfies Record<string, Mutation>;

function firsts(changes: readonly RowChange[]): readonly RowChange[] {
  return [...new Map(changes.toReversed().map((change) => [change.identity, change])).values()];
}

export type MutationName = keyof typeof mutations;

export const MUTATIONS: ReadonlyMap<string, Mutation> = new Map(Object.entries(mutations));
