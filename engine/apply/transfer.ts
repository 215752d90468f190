/** Negotiates how the rows of a pair travel. */
import { throughMemory } from '../model';
import type { RowChunk, Source, StagedChunk, TableRoute, Target, Transfer } from '../model';
import { netChunk } from './net';
import { isLossy, reduceChunk, reductionsOf, type RowReduction } from './reductions';

/** The first direct way that the source offers and the target takes; else by rows. */
export async function negotiateTransfer(source: Source, target: Target): Promise<Transfer> {
  for (const offer of source.offers) {
    if (offer.family !== target.family) continue;
    const direct = await target.direct(offer);
    if (direct !== null) return preferring(direct, transferRows(source, target));
  }
  return transferRows(source, target);
}

/** The direct way, but for chunks of which rows have to be altered: these pass through this process. */
function preferring(direct: Transfer, byRows: Transfer): Transfer {
  const staged = new WeakSet<StagedChunk>();
  return {
    kind: direct.kind,
    async stage(request) {
      if (!request.routes.some(isLossy)) return direct.stage(request);
      const chunk = await byRows.stage(request);
      staged.add(chunk);
      return chunk;
    },
    discard: (chunk) => (staged.has(chunk) ? byRows : direct).discard(chunk),
  };
}

/** Rows through this process: read, netted per key, staged. Works between any two databases. */
export function transferRows(source: Source, target: Target): Transfer {
  return {
    kind: 'rows',
    async stage(request): Promise<StagedChunk> {
      const reductions = await reductionsFor(target, request.routes);
      const read = await source.read(throughMemory(request));
      const chunk: RowChunk = reductions.size === 0 ? read : reduceChunk(read, reductions);
      const { tables, ranges, ...summary } = chunk;
      const token = await target.stageRows(netChunk({ tables, ranges, ...summary }, request.routes));
      return { ...summary, token };
    },
    discard: (chunk) => target.discardRows(chunk.token),
  };
}

/** A list of routes stays the same for a round. */
const known = new WeakMap<readonly TableRoute[], ReadonlyMap<string, RowReduction>>();

async function reductionsFor(
  target: Target,
  routes: readonly TableRoute[],
): Promise<ReadonlyMap<string, RowReduction>> {
  const found = known.get(routes);
  if (found !== undefined) return found;
  const reductions = routes.some(isLossy) ? reductionsOf(routes, await target.tables()) : NONE;
  known.set(routes, reductions);
  return reductions;
}

const NONE: ReadonlyMap<string, RowReduction> = new Map();
