/** What the cases about pairs share: every way on which rows can travel, and a loop that moves them. */
import assert from 'node:assert/strict';
import { transferRows } from '../apply';
import { routeOnTarget } from '../model';
import type {
  ChunkSummary,
  MergeOptions,
  Position,
  SnapshotRequest,
  Source,
  StagedChunk,
  TableRoute,
  Target,
  Transfer,
} from '../model';
import { assertEqual } from './equal';
import type { ScratchDatabase } from './fixture';
import type { Captured, Scene } from './scene';

export interface Pair extends Captured {
  readonly targetDatabase: ScratchDatabase;
  readonly target: Target;
  readonly transfer: Transfer;
}

export type Way = 'rows' | 'direct';

/** Ways to try: a pair without a direct one goes by rows twice, which costs little and hides nothing. */
export const WAYS: readonly Way[] = ['rows', 'direct'];

/** A new target with tables made for the routes of a source. */
export async function pairWith(scene: Scene, captured: Captured, way: Way): Promise<Pair> {
  const targetDatabase = await scene.database();
  const target = await scene.target(targetDatabase);
  await target.installObjects();
  for (const route of captured.routes.map(routeOnTarget)) {
    const step = await target.planTable(route, captured.source.family);
    assert.ok(step, `a statement that makes ${route.id}`);
    await target.createTables([step]);
    assert.equal(await target.planTable(route, captured.source.family), null);
  }
  return { ...captured, targetDatabase, target, transfer: await transferOf(captured.source, target, way) };
}

export async function transferOf(source: Source, target: Target, way: Way): Promise<Transfer> {
  if (way === 'direct') {
    for (const offer of source.offers) {
      const direct = offer.family === target.family ? await target.direct(offer) : null;
      if (direct !== null) return direct;
    }
  }
  return transferRows(source, target);
}

export interface MoveOptions {
  readonly from: Position;
  readonly limit: number;
  /** Tables to copy. */
  readonly snapshot?: {
    readonly routes: readonly TableRoute[];
    readonly limit: number;
    readonly replace: boolean;
    /** How many of them at once; one after the other unless given. */
    readonly atOnce?: number;
  };
  /** Runs between two chunks. */
  readonly between?: () => Promise<void>;
  /** How each chunk is merged. */
  readonly merge?: MergeOptions;
}

/** Moves everything from a position on, chunk after chunk, each in a transaction of its own. */
export async function move(
  pair: Pick<Pair, 'source' | 'target' | 'transfer' | 'routes'>,
  options: MoveOptions,
): Promise<{ readonly to: Position; readonly chunks: readonly ChunkSummary[] }> {
  const { source, target, transfer, routes } = pair;
  const chunks: ChunkSummary[] = [];
  let copying = copyOf(options);
  let to = options.from;
  for (;;) {
    const chunk: StagedChunk = await transfer.stage({
      from: to,
      routes,
      limit: options.limit,
      schemaToken: await source.check(to, routes),
      snapshot: copying,
    });
    await target.transaction(chunk, (tx) => tx.merge(chunk, options.merge));
    const { token: _, ...summary } = chunk;
    chunks.push(summary);
    to = chunk.to;
    copying = copyAfter(copying, chunk);
    if (!chunk.more && copying === null) return { to, chunks };
    assert.ok(chunks.length < 10_000, 'moving comes to an end');
    await options.between?.();
  }
}

function copyOf({ snapshot }: MoveOptions): SnapshotRequest | null {
  if (snapshot === undefined || snapshot.routes.length === 0) return null;
  const { routes, limit, replace, atOnce = 1 } = snapshot;
  return { ranges: routes.map(({ id }) => ({ table: id, after: null, replace })), limit, atOnce };
}

/** What is left to copy after a chunk; null when nothing is. */
export function copyAfter(
  copying: SnapshotRequest | null,
  { snapshot }: Pick<ChunkSummary, 'snapshot'>,
): SnapshotRequest | null {
  if (copying === null) return null;
  const progress = new Map(snapshot.map((range) => [range.table, range]));
  const ranges = copying.ranges.flatMap((range) => {
    const done = progress.get(range.table);
    if (done === undefined) return [range];
    return done.finished ? [] : [{ ...range, after: done.cursor }];
  });
  return ranges.length === 0 ? null : { ...copying, ranges };
}

/** Asserts that both databases hold the same rows, as their fixture sees them. */
export async function assertSameTables(
  pair: Pick<Pair, 'database' | 'targetDatabase' | 'routes'>,
): Promise<void> {
  for (const route of pair.routes) {
    const here = await pair.database.dump(route.source.name.name);
    const there = await pair.targetDatabase.dump(route.target.name);
    assertEqual([...there].sort(), [...here].sort(), route.id);
  }
}
