/**
 * A snapshot range that goes from the source's table straight into the target's, in the transaction that commits it.
 * Its bounds are looked up ahead; its rows stay in the source, whose transaction is held open, until then.
 */
import type { RangeToRead, SnapshotProgress } from '../../../model';
import { quoteAll, type Session, type TextRow } from '../database';
import { readingChosen } from '../rows/filter';
import { selectRange, type KeyRange } from '../rows/key-order';
import { cursorOf, selectList } from '../rows/scan';
import { readersOf } from '../rows/values';
import { hasCommonOrder } from '../target/ranges';
import type { Powers } from '../target/preparing';
import type { TargetShape } from '../target/shape';
import type { StagedRange, StagedRows, StagingArea } from '../target/staging';
import type { CopiedColumns } from './copied-columns';
import { pipeRows, writeParameters } from './pipe';
import { pipeRange, rangeRows } from './stage-range';

/**
 * Tables whose ranges are staged for a while: the rows of one that might go straight had to be staged after all. The
 * target refused one, or holds some of them, or has dead letters; it is likely so again.
 */
export interface Detours {
  /** True when the next range of the table is to be staged; counts it. */
  take(table: string): boolean;
  begin(table: string): void;
}

const DETOUR_RANGES = 8;

export function createDetours(): Detours {
  const left = new Map<string, number>();
  return {
    take(table) {
      const ranges = left.get(table) ?? 0;
      if (ranges > 0) left.set(table, ranges - 1);
      return ranges > 0;
    },
    begin: (table) => left.set(table, DETOUR_RANGES),
  };
}

/** How the rows of a range may go. `clears`: see `StraightCopy`. Null: they have to be staged. */
export function straightWay(
  { route, request: { replace, only = null } }: RangeToRead,
  shape: TargetShape,
  { replicaRole }: Powers,
): { readonly clears: boolean } | null {
  if (only !== null || shape.hasRules) return null;
  // A row that is deleted to be written again must not lose what the source does not have, nor be heard of.
  const clears = replicaRole && shape.isWhole && hasCommonOrder({ route, shape });
  return replace && !clears ? null : { clears };
}

export interface OpenRangeTask {
  readonly reader: Session;
  readonly writer: Session;
  readonly area: StagingArea;
  readonly copied: CopiedColumns;
  readonly clears: boolean;
  readonly detours: Detours;
}

/** The reader's transaction has to be open until the chunk is spent. */
export async function openRange(
  { reader, writer, area, copied, clears, detours }: OpenRangeTask,
  { route, request: { after, replace }, limit }: RangeToRead,
): Promise<{ readonly progress: SnapshotProgress; readonly range: StagedRange }> {
  await reader.execute('SET LOCAL enable_seqscan = on');
  const from: KeyRange = {
    table: route.source.name,
    key: route.key,
    // As by rows, so that a snapshot goes on from the same cursor whichever way it is read.
    order: replace ? 'common' : 'own',
    after,
    upTo: null,
    // Not needed where the rows are known to be no more, but the planner does not know it.
    limit,
    where: route.where,
  };
  const { sql, parameters } = await selectRange(reader, from);
  const look = (query: string): Promise<readonly TextRow[]> =>
    readingChosen(route, () => reader.query(query, parameters, { table: route.id }));
  const [last] = await look(`SELECT ${selectList(route.key)} ${sql} OFFSET ${limit - 1}`);
  const finished = last === undefined;
  const rows = finished
    ? Number((await look(`SELECT count(*) FROM (SELECT ${sql}) AS rest`))[0]?.[0])
    : limit;
  const places = route.key.map((_, place) => place);
  const cursor = cursorOf(last, places, readersOf(route.source, route.key));
  const found = await selectRange(reader, { ...from, upTo: cursor, limit: rows });
  let made: StagedRows | null = null;
  return {
    progress: { table: route.id, rows, cursor, finished },
    range: {
      bounds: { after, upTo: cursor, only: null, replace },
      rows: {
        straight: {
          clears,
          copy: async () => {
            const into = `${copied.shape.table} (${quoteAll(copied.shape.columns.map(({ name }) => name))})`;
            const query = `SELECT ${selectList(route.columns)} ${writeParameters(found.sql, found.parameters)}`;
            await readingChosen(route, () => pipeRows(reader, query, writer, into, copied.format, route.id));
          },
        },
        get made() {
          return made;
        },
        async staged() {
          if (made !== null) return made;
          detours.begin(route.id);
          const table = await area.borrow(copied.columns.map(({ type }) => type));
          made = rangeRows(table, await pipeRange(reader, writer, { route, copied, table }, found));
          return made;
        },
      },
    },
  };
}
