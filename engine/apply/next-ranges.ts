/** Which ranges of first copies a chunk asks for. */
import type { PipelineSettings, RangeRequest, TableCheckpoint, Target } from '../model';

/** Most tables in a chunk: each is locked on the source against being altered until the chunk is read. */
const TABLES_IN_CHUNK = 64;

/** In the order of the tables, so that a copy which was begun goes on. */
export function nextRanges(tables: readonly TableCheckpoint[]): readonly RangeRequest[] {
  return tables
    .filter(({ state }) => state === 'snapshotting')
    .slice(0, TABLES_IN_CHUNK)
    .map(({ source, cursor, replace }) => ({ table: source, after: cursor, replace }));
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
