/** A way of rows from source to target past the engine, as an attached file or a COPY is: netted by the adapter. */
import type { ChunkRequest, RowChange, RowChunk, RowSet, Source, StagedChunk, Transfer } from '../../engine';

/** `discard` and `stage` are the target's own; the source is a connection of the transfer's own. */
export function directTransfer(
  source: Source,
  stage: (sets: readonly RowSet[]) => number,
  discard: (token: number) => void,
): Transfer {
  return {
    kind: 'copy',
    async stage(request): Promise<StagedChunk> {
      const { tables, ranges, ...summary } = await source.read(request);
      return { ...summary, token: stage(netSets(tables, ranges, request)) };
    },
    discard(chunk) {
      discard(chunk.token);
      return Promise.resolve();
    },
  };
}

function netSets(tables: RowChunk['tables'], ranges: RowChunk['ranges'], { routes }: ChunkRequest): RowSet[] {
  return routes.flatMap((route): RowSet[] => {
    const changes = lastOfEach(tables.find(({ table }) => table === route.id)?.changes ?? []);
    const ownRange = ranges.find(({ table }) => table === route.id) ?? null;
    if (changes.length === 0 && ownRange === null) return [];
    return [
      {
        route,
        deletes: changes.flatMap((change) => (change.kind === 'delete' ? [change.key] : [])),
        upserts: changes.flatMap((change) => (change.kind === 'upsert' ? [change.row] : [])),
        range: ownRange,
      },
    ];
  });
}

function lastOfEach(changes: readonly RowChange[]): readonly RowChange[] {
  return [...new Map(changes.map((change) => [change.identity, change])).values()];
}
