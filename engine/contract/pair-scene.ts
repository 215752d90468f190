/** What the cases about pairs share: every way on which rows can travel, and a loop that moves them. */
import assert from 'node:assert/strict';
import { transferRows } from '../apply';
import { routeOnTarget } from '../model';
import type {
  ChunkSummary,
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
  /** Tables to copy, one after the other. */
  readonly snapshot?: {
    readonly routes: readonly TableRoute[];
    readonly limit: number;
    readonly replace: boolean;
  };
}

/** Moves everything from a position on, chunk after chunk, each in a transaction of its own. */
export async function move(
  pair: Pick<Pair, 'source' | 'target' | 'transfer' | 'routes'>,
  options: MoveOptions,
): Promise<{ readonly to: Position; readonly chunks: readonly ChunkSummary[] }> {
  const { source, target, transfer, routes } = pair;
  const chunks: ChunkSummary[] = [];
  const waiting = [...(options.snapshot?.routes ?? [])];
  let copying: SnapshotRequest | null = null;
  let to = options.from;
  for (;;) {
    copying ??= nextCopy(waiting, options);
    const chunk: StagedChunk = await transfer.stage({
      from: to,
      routes,
      limit: options.limit,
      schemaToken: await source.check(to, routes),
      snapshot: copying,
    });
    await target.transaction(chunk, (tx) => tx.merge(chunk));
    const { token: _, ...summary } = chunk;
    chunks.push(summary);
    to = chunk.to;
    const done = chunk.snapshot;
    if (done !== null)
      copying = done.finished || copying === null ? null : { ...copying, after: done.cursor };
    if (!chunk.more && copying === null && waiting.length === 0) return { to, chunks };
    assert.ok(chunks.length < 10_000, 'moving comes to an end');
  }
}

function nextCopy(waiting: TableRoute[], options: MoveOptions): SnapshotRequest | null {
  const route = waiting.shift();
  if (route === undefined || options.snapshot === undefined) return null;
  const { limit, replace } = options.snapshot;
  return { table: route.id, after: null, limit, replace };
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
