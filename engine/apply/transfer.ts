/** Negotiates how the rows of a pair travel. */
import { isCdcError } from '../errors';
import { BYTES_IN_MEMORY, createFitting, throughMemory } from '../model';
import type {
  ChunkRequest,
  Fitting,
  Portion,
  RowChunk,
  Source,
  StagedChunk,
  TableRoute,
  Target,
  Transfer,
  Tuple,
} from '../model';
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
  const fitting = createFitting();
  return {
    kind: direct.kind,
    async stage(request) {
      // What of it passes through this process is not told.
      if (!request.routes.some(isLossy))
        return inPortions(fitting, request, (fewer) => direct.stage(fewer), null);
      const chunk = await byRows.stage(request);
      staged.add(chunk);
      return chunk;
    },
    discard: (chunk) => (staged.has(chunk) ? byRows : direct).discard(chunk),
  };
}

/** Rows through this process: read, netted per key, staged. Works between any two databases. */
export function transferRows(source: Source, target: Target): Transfer {
  const fitting = createFitting();
  return {
    kind: 'rows',
    async stage(request): Promise<StagedChunk> {
      const reductions = await reductionsFor(target, request.routes);
      const read = await inPortions(fitting, throughMemory(request), (fewer) => source.read(fewer), rowsOf);
      const chunk: RowChunk = reductions.size === 0 ? read : reduceChunk(read, reductions);
      const { tables, ranges, ...summary } = chunk;
      const token = await target.stageRows(netChunk({ tables, ranges, ...summary }, request.routes));
      return { ...summary, token };
    },
    discard: (chunk) => target.discardRows(chunk.token),
  };
}

/**
 * Reads as much as fits into memory of what is asked for. A window that may not be cut is read whole whatever it takes, and
 * keys that are read together stand or fall together: who asked for them asks for each alone.
 */
function inPortions<T>(
  fitting: Fitting,
  request: ChunkRequest,
  read: (request: ChunkRequest) => Promise<T>,
  rowsIn: ((result: T) => Iterable<Tuple>) | null,
): Promise<T> {
  const { snapshot, limit, uncut = false, behind = [] } = request;
  if (behind.length > 0 || (uncut && snapshot === null)) return read(request);
  const isTogether = snapshot?.ranges.some(({ only = null }) => (only?.length ?? 0) > 1) === true;
  if (isTogether) return readTogether(request, read);
  const portionOf = ({ rows, bytes }: Portion): ChunkRequest => ({
    ...request,
    limit: uncut ? limit : Math.min(limit, rows),
    snapshot: snapshot === null ? null : { ...snapshot, limit: Math.min(snapshot.limit, rows) },
    bytes,
  });
  return fitting.read(Math.max(limit, snapshot?.limit ?? 0), (portion) => read(portionOf(portion)), rowsIn);
}

/** The changes before them may be what is too much: with hardly any, the keys alone are. Unless that cuts a transaction. */
async function readTogether<T>(
  request: ChunkRequest,
  read: (request: ChunkRequest) => Promise<T>,
): Promise<T> {
  try {
    return await read({ ...request, bytes: BYTES_IN_MEMORY });
  } catch (error) {
    const mayCut = request.uncut !== true && request.limit > 1;
    if (!mayCut || !isCdcError(error, 'CHUNK_TOO_LARGE')) throw error;
    return read({ ...request, limit: 1, bytes: BYTES_IN_MEMORY });
  }
}

function* rowsOf({ tables, ranges }: RowChunk): Iterable<Tuple> {
  for (const { changes } of tables) {
    for (const change of changes) yield change.kind === 'delete' ? change.key : change.row;
  }
  for (const { rows } of ranges) yield* rows;
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
