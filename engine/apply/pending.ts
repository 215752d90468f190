/** How much waits for a pipeline: its own window, and those of tables that catch up alone. Parked tables wait for a person. */
import type { Pending, Position, Source, TableCheckpoint } from '../model';
import { movingTables, stragglersOf } from './isolation';
import { BACKLOG_COUNT_LIMIT } from './limits';
import type { RoutesOf } from './source-view';

/** `position`: that of the tables that go with the pipeline. Throws what `routesOf` throws, and the databases' codes. */
export async function countPending(
  source: Source,
  position: Position,
  tables: readonly TableCheckpoint[],
  routesOf: RoutesOf,
  limit = BACKLOG_COUNT_LIMIT,
): Promise<Pending> {
  const groups = [{ position, tables: movingTables(tables) }, ...stragglersOf(tables)];
  let count = 0;
  let oldestChangedAt: number | null = null;
  for (const group of groups) {
    if (group.tables.length === 0) continue;
    const pending = await source.pending(group.position, await routesOf(group.tables), limit - count);
    count += pending.count;
    const oldest = pending.oldestChangedAt;
    if (oldest !== null && (oldestChangedAt === null || oldest < oldestChangedAt)) oldestChangedAt = oldest;
    if (count >= limit) break;
  }
  return { count, oldestChangedAt };
}
