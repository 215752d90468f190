/**
 * Stages a chunk out of an attached source: nets its changes per key into TEMP tables by set statements, all in one
 * read transaction that ends here, so that a source in rollback-journal mode can be written while we merge.
 */
import { SqliteError } from 'better-sqlite3';
import { CdcError } from '../../../errors';
import {
  routeOnTarget,
  shareOut,
  type ChunkRequest,
  type ChunkSummary,
  type TableRoute,
} from '../../../model';
import { attachSource, type AttachedSource, type Reading } from './attach';
import { stageChanges } from './changes';
import { stageRange, type ReadRange } from './range';
import {
  markOf,
  nothingRead,
  positionAfter,
  reachOf,
  readChangeTables,
  readNewest,
  readSchemaToken,
} from '../capture/captured';
import { toDatabaseError } from '../database/errors';
import { decodePosition, encodePosition } from '../capture/position';
import { sessionState, type Session } from '../database/session';
import { probeOf } from '../target/keeping';
import { borrowTable, dropTable, keepChunk, type StagedRoute } from '../target/staging';

/** A chunk to stage; routes stand under an id, so that they need not travel with every chunk. */
export interface AttachedChunkRequest extends Omit<ChunkRequest, 'routes'> {
  readonly locator: string;
  readonly token: number;
  readonly routesId: number;
}

const routesOf = sessionState<Map<number, readonly TableRoute[]>>(() => new Map());

/** Keeps routes under an id. An id is never used for others. */
export function defineRoutes(session: Session, id: number, routes: readonly TableRoute[]): void {
  routesOf(session).set(id, routes);
}

export function forgetRoutes(session: Session, id: number): void {
  routesOf(session).delete(id);
}

/**
 * Throws SCHEMA_MOVED when the source's schema is not the one that was checked, SOURCE_REPLACED, CAPTURE_MISSING,
 * POSITION_INVALID and the database codes, which name the source's file.
 */
export function stageAttached(session: Session, request: AttachedChunkRequest): ChunkSummary {
  const source = attachSource(session, request.locator);
  const routes = routesOf(session).get(request.routesId);
  if (source === null || routes === undefined)
    throw new CdcError('INTERNAL', 'A chunk was staged before its source');
  const borrowed: string[] = [];
  const borrow = (route: TableRoute): string => {
    const table = borrowTable(session, route);
    borrowed.push(table);
    return table;
  };
  probeOf(session);
  session.run('BEGIN');
  try {
    const { summary, staged } = readChunk({ session, source, borrow }, request, routes);
    session.run('COMMIT');
    keepChunk(session, request.token, staged);
    return summary;
  } catch (error) {
    if (session.db.inTransaction) session.run('ROLLBACK');
    for (const table of borrowed) dropTable(session, table);
    throw stagingError(session, source, error);
  }
}

function stagingError(session: Session, source: AttachedSource, error: unknown): CdcError {
  if (error instanceof SqliteError && error.code === 'SQLITE_FULL') {
    return new CdcError('DATABASE_FULL', `The temporary files of ${session.file.name} cannot grow`, {
      hint: 'Free disk space in the folder for temporary files.',
      cause: error,
    });
  }
  return toDatabaseError(error, source.locator.name);
}

interface ReadChunk {
  readonly summary: ChunkSummary;
  readonly staged: readonly StagedRoute[];
}

function readChunk(
  reading: Reading,
  request: AttachedChunkRequest,
  resolved: readonly TableRoute[],
): ReadChunk {
  const { session, source } = reading;
  const { schema } = source;
  if (readSchemaToken(session, schema) !== request.schemaToken) {
    throw new CdcError('SCHEMA_MOVED', `The schema of ${source.locator.name} has changed`);
  }
  const from = decodePosition(request.from);
  const newest = readNewest(session, schema);
  const changeTables = readChangeTables(session, schema);
  const reach = reachOf(session, changeTables, { ...request, routes: resolved }, newest.id);
  if (reach === null) return { summary: nothingRead(request.from), staged: [] };
  const { tables, to, more } = reach;
  const routes = tables.map(({ route }) => route);
  const read = tables.map((table) => stageChanges(reading, table));
  const counted = read.filter((entry) => entry !== null);

  const ranges = new Map<TableRoute, ReadRange>();
  for (const { range, took } of shareOut(more ? null : request.snapshot, routes)) {
    const found = stageRange(reading, range);
    took(found.progress);
    ranges.set(range.route, found);
  }
  const summary: ChunkSummary = {
    to: encodePosition(
      positionAfter(markOf(session, changeTables, to, [from, newest]), from, more, request.schemaToken),
    ),
    more,
    changes: sum(counted.map((entry) => entry.changes)),
    counts: counted.map((entry) => entry.counts),
    oldestChangedAt: least(counted.map((entry) => entry.oldest)),
    newestChangedAt: greatest(counted.map((entry) => entry.newest)),
    snapshot: [...ranges.values()].map(({ progress }) => progress),
  };
  const staged = routes.flatMap((route): StagedRoute[] => {
    const changes = counted.find((entry) => entry.route === route);
    const range = ranges.get(route);
    if (changes === undefined && range === undefined) return [];
    return [
      {
        route: routeOnTarget(route),
        changes: changes?.staged ?? null,
        range: range?.staged ?? null,
        unfit: [...(changes?.unfit ?? []), ...(range?.unfit ?? [])],
        gone: [],
      },
    ];
  });
  return { summary, staged };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, value) => total + value, 0);
}

function least(numbers: readonly number[]): number | null {
  return numbers.length === 0 ? null : Math.min(...numbers);
}

function greatest(numbers: readonly number[]): number | null {
  return numbers.length === 0 ? null : Math.max(...numbers);
}
