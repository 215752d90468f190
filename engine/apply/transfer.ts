/** Negotiates how the rows of a pair travel. */
import { throughMemory } from '../model';
import type { Source, StagedChunk, Target, Transfer } from '../model';
import { netChunk } from './net';

/** The first direct way that the source offers and the target takes; else by rows. */
export async function negotiateTransfer(source: Source, target: Target): Promise<Transfer> {
  for (const offer of source.offers) {
    if (offer.family !== target.family) continue;
    const direct = await target.direct(offer);
    if (direct !== null) return direct;
  }
  return transferRows(source, target);
}

/** Rows through this process: read, netted per key, staged. Works between any two databases. */
export function transferRows(source: Source, target: Target): Transfer {
  return {
    kind: 'rows',
    async stage(request): Promise<StagedChunk> {
      const { tables, ranges, ...summary } = await source.read(throughMemory(request));
      const token = await target.stageRows(netChunk({ tables, ranges, ...summary }, request.routes));
      return { ...summary, token };
    },
    discard: (chunk) => target.discardRows(chunk.token),
  };
}
