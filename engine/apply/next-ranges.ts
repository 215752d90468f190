/** Which ranges of first copies a chunk asks for. */
import type {
  ChunkSummary,
  PipelineSettings,
  RangeRequest,
  TableCheckpoint,
  TableRoute,
  Target,
} from '../model';

/** Most tables in a chunk: each is locked on the source against being altered until the chunk is read. */
const TABLES_IN_CHUNK = 64;

/** In the order of the routes: parents first, and a copy which was begun goes on. `most`: of tables. */
export function nextRanges(
  tables: readonly TableCheckpoint[],
  routes: readonly TableRoute[],
  most: number,
): readonly RangeRequest[] {
  const copied = new Map(tables.map((table) => [table.source, table]));
  return routes
    .flatMap(({ id }) => copied.get(id) ?? [])
    .filter(({ state }) => state === 'snapshotting')
    .slice(0, most)
    .map(({ source, cursor, replace }) => ({ table: source, after: cursor, replace }));
}

/**
 * How many tables the next chunk asks for. Some more than are copied at once, since one that ends makes room; many only
 * where the last chunk had room for all that it asked for, since those that are not read are locked for nothing.
 */
export function tablesToAsk(last: Pick<ChunkSummary, 'snapshot'> | null, atOnce: number): number {
  const hadRoom =
    last !== null && last.snapshot.length > 0 && last.snapshot.every(({ finished }) => finished);
  return hadRoom ? TABLES_IN_CHUNK : Math.min(TABLES_IN_CHUNK, 2 * atOnce);
}

/** How many tables are copied at once. Where references hold, each is copied after those before it: parents stand first. */
export async function tablesAtOnce(
  target: Target,
  { snapshotTables }: PipelineSettings,
  tables: readonly TableCheckpoint[],
): Promise<number> {
  if (snapshotTables === 1 || target.referencesHold === undefined) return snapshotTables;
  const isCopying = tables.some(({ state }) => state === 'snapshotting');
  return isCopying && (await target.referencesHold()) ? 1 : snapshotTables;
}
