/** Stages a snapshot range by COPY, in the order of the key. */
import type { RangeToRead, SnapshotProgress } from '../../../model';
import type { Session } from '../database';
import { readingChosen } from '../rows/filter';
import { selectRange } from '../rows/key-order';
import { cursorOf, selectList } from '../rows/scan';
import { readersOf } from '../rows/values';
import { stagedFromStart, stagedKeyColumns, type StagedRange, type StagedRows } from '../target/staging';
import { pipeRows, writeParameters } from './pipe';
import type { CopyTask } from './stage-changes';

export async function copyRange(
  reader: Session,
  writer: Session,
  { copied, table }: Omit<CopyTask, 'route'>,
  { route, request, limit }: RangeToRead,
): Promise<{ readonly progress: SnapshotProgress; readonly range: StagedRange }> {
  const { after, replace, only = null } = request;
  if (only === null) await reader.execute('SET LOCAL enable_seqscan = on');
  const found = await selectRange(reader, {
    table: route.source.name,
    key: route.key,
    // As by rows, so that a snapshot goes on from the same cursor whichever way it is read.
    order: replace ? 'common' : 'own',
    after,
    upTo: null,
    keys: only,
    limit,
    where: route.where,
  });
  const rows = await pipeRange(reader, writer, { route, copied, table }, found);
  const finished = only !== null || rows < limit;
  const last = finished
    ? undefined
    : await writer.first(
        `SELECT ${stagedKeyColumns({ route }).join(', ')} FROM ${table} ORDER BY ord DESC LIMIT 1`,
      );
  const places = route.key.map((_, place) => place);
  const cursor = cursorOf(last, places, readersOf(route.source, route.key));
  return {
    progress: { table: route.id, rows, cursor, finished },
    range: {
      rows: stagedFromStart(rangeRows(table, rows)),
      bounds: { after, upTo: cursor, only, replace },
    },
  };
}

/** Pipes what `found` selects into the TEMP table, and returns how many rows it was. */
export async function pipeRange(
  reader: Session,
  writer: Session,
  { route, copied, table }: CopyTask,
  found: Awaited<ReturnType<typeof selectRange>>,
): Promise<number> {
  const names = route.columns.map((_, index) => `c${index}`).join(', ');
  return readingChosen(route, () =>
    pipeRows(
      reader,
      `SELECT row_number() OVER (), 'u'::"char", ${names}
FROM (SELECT ${selectList(route.columns)} ${writeParameters(found.sql, found.parameters)}) AS r(${names})`,
      writer,
      `${table} (ord, kind, ${names})`,
      copied.format,
      route.id,
    ),
  );
}

export function rangeRows(table: string, rows: number): StagedRows {
  return { table, rows, placed: true, expected: null, deletes: false, upserts: rows > 0 };
}
