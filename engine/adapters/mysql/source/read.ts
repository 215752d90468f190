/**
 * Reads a chunk by rows: the changes of a window with what must be read again, and snapshot ranges, all in one
 * REPEATABLE READ view, which was opened after the fence and is closed before anybody works on the rows.
 */
import { allowanceOf, shareOut } from '../../../model';
import type { Allowance, ChunkRequest, RangeRead, RangeToRead, RowChunk } from '../../../model';
import { requireToken } from '../capture/check';
import { newProofs, ofServer, type Proofs } from '../capture/fence';
import { decodePosition, encodePosition } from '../capture/position';
import { isStillInstalled, readCaptures, readEpoch } from '../capture/registry';
import { CdcError } from '../../../errors';
import type { Session } from '../database';
import { readingChosen } from '../rows/filter';
import { selectRange } from '../rows/key-order';
import { cursorOf } from '../rows/scan';
import { readersOf, readTuple, selectList } from '../rows/values';
import { resolveLog, type TableChanges } from './changed-rows';
import { behindOf, readWindow, settleGaps, type Waits } from './window';

/** What a source keeps between chunks. */
export interface ReadState {
  readonly proofs: Proofs;
  readonly waits: Waits;
}

export function newReadState(): ReadState {
  return { proofs: newProofs(), waits: new Map() };
}

/**
 * Throws SCHEMA_MOVED, SOURCE_FAILED_OVER, CAPTURE_MISSING, POSITION_INVALID, PRIVILEGE_MISSING, and DATABASE_LOCKED
 * where a missing change is waited for too long.
 */
export async function readChunk(
  session: Session,
  request: ChunkRequest,
  { proofs, waits }: ReadState,
): Promise<RowChunk> {
  const from = decodePosition(request.from);
  if (from.server !== session.server) {
    throw new CdcError('SOURCE_FAILED_OVER', `Database ${session.database} is on another server than before`);
  }
  if (!(await isStillInstalled(session))) {
    throw new CdcError('CAPTURE_MISSING', `Database ${session.database} has no capture (any more)`);
  }
  await settleGaps(session, ofServer(proofs, session.server), [from, ...behindOf(request).values()]);
  return session.transaction('snapshot', async () => {
    const captures = await readCaptures(session);
    const sound = await requireToken(session, request.routes, captures, request.schemaToken);
    const allowance = allowanceOf(request.bytes);
    const window = await readWindow(session, captures, sound, request, { proofs, waits, allowance });
    if (window === null) return nothingRead(request);
    const tables: TableChanges[] = [];
    for (const { route, changes, logged } of window.logs) {
      const resolved = await resolveLog(session, route, { changes, logged }, allowance);
      if (resolved !== null) tables.push(resolved);
    }
    const ranges: RangeRead[] = [];
    for (const { range, took } of shareOut(window.more ? null : request.snapshot, request.routes)) {
      const found = await readRange(session, range, allowance);
      took(found.snapshot);
      ranges.push(found);
    }
    // Changes of the time before capture was made whole may remain.
    const epoch = window.more ? from.epoch : await readEpoch(session);
    return {
      to: encodePosition({ server: session.server, epoch, tables: window.tables }),
      more: window.more,
      changes: tables.reduce((sum, table) => sum + table.logged, 0),
      counts: tables.map(({ counts }) => counts),
      oldestChangedAt: tables.length === 0 ? null : Math.min(...tables.map(({ oldest }) => oldest)),
      newestChangedAt: tables.length === 0 ? null : Math.max(...tables.map(({ newest }) => newest)),
      snapshot: ranges.map(({ snapshot }) => snapshot),
      tables: tables.map(({ counts, changes }) => ({ table: counts.table, changes })),
      ranges: ranges.map(({ range }) => range),
    };
  });
}

function nothingRead({ from }: ChunkRequest): RowChunk {
  return {
    to: from,
    more: true,
    changes: 0,
    counts: [],
    oldestChangedAt: null,
    newestChangedAt: null,
    snapshot: [],
    tables: [],
    ranges: [],
  };
}

/** The next rows of a table in the order of its key. */
export async function readRange(
  session: Session,
  { route, request, limit }: RangeToRead,
  allowance: Allowance | null,
): Promise<RangeRead> {
  const { table, after, replace, only = null } = request;
  const { sql, parameters } = selectRange({
    table: route.source,
    key: route.key,
    // The target makes a range equal by its own order of the key, so both need the common one.
    order: replace ? 'common' : 'own',
    after,
    upTo: null,
    keys: only,
    limit,
    where: route.where,
  });
  const found = await readingChosen(route, () =>
    session.query(`SELECT ${selectList(route.source, route.columns, 's')} ${sql}`, parameters, {
      table: route.id,
      allowance,
    }),
  );
  const readers = readersOf(route.source, route.columns);
  const rows = found.map((fields) => readTuple(fields, readers));
  const places = route.key.map((name) => route.columns.indexOf(name));
  const finished = only !== null || rows.length < limit;
  const cursor = finished ? null : cursorOf(rows.at(-1), places);
  return {
    snapshot: { table, rows: rows.length, cursor, finished },
    range: { table, rows, after, upTo: cursor, replace, only },
  };
}
