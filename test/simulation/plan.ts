/** What a seed decides beforehand: the shape of the world and how much goes wrong in it. */
import type { Random } from './random';
import { TABLES } from './schema';

export interface PipelinePlan {
  readonly name: string;
  readonly tables: readonly string[];
  readonly batchRows: number;
  readonly snapshotRows: number;
  readonly snapshotTables: number;
  /** Rows that stand in its target tables before the first setup. */
  readonly strangers: number;
  /** What its workflow goes through between setup and the end. */
  readonly actions: readonly Action[];
}

export type Action =
  | 'round'
  | 'twins'
  | 'sync'
  | 'fetch'
  | 'pause'
  | 'resync'
  | 'resync table'
  | 'resume table'
  | 'retry letters'
  | 'repair'
  | 'set up again'
  | 'take over';

export interface FaultPlan {
  readonly crashes: number;
  readonly stalls: number;
  /** Connections that break while both ends live. */
  readonly glitches: number;
  readonly powerCuts: number;
  /** So often a target table refuses its rows for a while. */
  readonly breakages: number;
  /** So often a target table refuses certain rows for a while. */
  readonly refusals: number;
  /** Changes are purged by force, whoever still needs them. */
  readonly forcedPurge: boolean;
  readonly sourceRestore: boolean;
  readonly targetRestore: boolean;
  /** The target is restored under its open connections, which don't notice, as a file may be. */
  readonly inPlace: boolean;
}

export interface Plan {
  readonly pipelines: readonly PipelinePlan[];
  readonly keys: number;
  readonly initialRows: number;
  readonly writers: number;
  readonly transactions: number;
  /** Part of the transactions that stay open for long before they commit. */
  readonly late: number;
  readonly reread: ReadonlySet<string>;
  readonly direct: boolean;
  readonly oneWriter: boolean;
  readonly idleTimeoutMs: number | null;
  readonly fingerprint: boolean;
  /** Most dead letters of a table within an hour; null: a refused row parks its table. */
  readonly letters: number | null;
  readonly faults: FaultPlan;
  /** Rows that fit into memory at once. */
  readonly mostRows: number;
}

type Weighted = readonly (readonly [Action, number])[];

const NAMES = ['p', 'q', 'r'] as const;

const ACTIONS: Weighted = [
  ['round', 40],
  ['twins', 10],
  ['sync', 25],
  ['fetch', 4],
  ['pause', 10],
  ['resync', 4],
  ['resync table', 5],
  ['resume table', 6],
  ['retry letters', 6],
  ['repair', 6],
  ['set up again', 4],
  ['take over', 3],
];

/** For worlds in which the source has to be told often. */
const BUSY: Weighted = [
  ['round', 50],
  ['sync', 50],
  ['set up again', 5],
];

export function drawPlan(random: Random): Plan {
  const restores = random.chance(0.35) ? random.pick(['source', 'target', 'both'] as const) : 'none';
  const fileLike = random.chance(0.5);
  // Where only the handshake can tell a restored source, nothing else may take back what it has to tell.
  const fingerprint = restores !== 'source' || random.chance(0.4);
  return {
    pipelines: fingerprint
      ? NAMES.slice(0, random.pick([1, 1, 2, 2, 3])).map((name) => drawPipeline(random, name, ACTIONS))
      : [{ ...drawPipeline(random, 'p', BUSY), tables: TABLES }],
    keys: random.between(3, 9),
    initialRows: random.chance(0.7) ? random.between(1, 8) : 0,
    writers: random.between(1, 3),
    transactions: random.between(4, 14),
    late: random.pick([0, 0.2, 0.5]),
    reread: new Set(TABLES.filter(() => random.chance(0.2))),
    direct: random.chance(0.4),
    oneWriter: fileLike,
    idleTimeoutMs: !fileLike && random.chance(0.7) ? 150 : null,
    fingerprint,
    letters: random.chance(0.7) ? random.pick([2, 1_000, 1_000]) : null,
    faults: {
      crashes: random.chance(0.6) ? random.between(1, 4) : 0,
      stalls: random.chance(0.5) ? random.between(1, 3) : 0,
      glitches: random.chance(0.3) ? random.between(1, 3) : 0,
      powerCuts: fingerprint && random.chance(0.25) ? random.between(1, 2) : 0,
      breakages: random.chance(0.35) ? random.between(1, 3) : 0,
      refusals: random.chance(0.35) ? random.between(1, 3) : 0,
      forcedPurge: fingerprint && random.chance(0.08),
      sourceRestore: restores === 'source' || restores === 'both',
      targetRestore: restores === 'target' || restores === 'both',
      inPlace: fileLike && random.chance(0.4),
    },
    mostRows: random.chance(0.25) ? random.between(1, 6) : Infinity,
  };
}

function drawPipeline(random: Random, name: string, among: Weighted): PipelinePlan {
  const tables = TABLES.filter(() => random.chance(0.6));
  return {
    name,
    tables: tables.length === 0 ? [random.pick(TABLES)] : tables,
    batchRows: random.pick([1, 2, 3, 5, 20]),
    snapshotRows: random.pick([1, 2, 3, 5, 10]),
    snapshotTables: random.pick([1, 2, 3]),
    strangers: random.chance(0.3) ? random.between(1, 4) : 0,
    actions: Array.from({ length: random.between(3, among === BUSY ? 16 : 9) }, () =>
      drawAction(random, among),
    ),
  };
}

function drawAction(random: Random, among: Weighted): Action {
  let left = random.below(among.reduce((sum, [, weight]) => sum + weight, 0));
  for (const [action, weight] of among) {
    left -= weight;
    if (left < 0) return action;
  }
  return 'round';
}
