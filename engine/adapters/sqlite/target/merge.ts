/**
 * Merges a staged chunk into the target's tables by set statements: deletes children first, upserts parents first,
 * then the snapshot range. Runs inside a target transaction.
 */
import { CdcError } from '../../../errors';
import { keepsOrder, type CursorValue, type SetAside, type TableRoute, type Value } from '../../../model';
import { bindCursorValue } from '../rows/cursor';
import { amongKeys } from '../rows/key-range';
import { toDatabaseError } from '../database/errors';
import { quote, rowValue } from '../database/identifiers';
import type { Session } from '../database/session';
import { comparedKey, stagedChunk, type StagedRange, type StagedRoute } from './staging';
import { targetShape, type TargetShape } from './shape';
import { dropSweeps, finishSweep, startSweep, trackKeys } from './sweep';
import { stagedKeys } from './touched';
import { setUnfitAside } from './unfit';
import { deleteSet, writeSet } from './write-set';

export interface MergeRequest {
  readonly token: number;
  /** Changes remained in the window after this chunk. */
  readonly more: boolean;
  /** Display names of source tables whose target may hold rows that the source does not have. */
  readonly stale: readonly string[];
  /** Display names of source tables whose failing rows are set aside. */
  readonly setAside: readonly string[];
  /** Most of one table; null: no limit. */
  readonly mostSetAside: number | null;
  /** Nothing that the target holds is deleted. */
  readonly keepDeleted: boolean;
}

/**
 * Returns the rows that were set aside. Throws CONSTRAINT_FAILED, TYPE_MISMATCH or TARGET_TABLE_MISMATCH with the table
 * for those that may not be.
 */
export function mergeChunk(session: Session, request: MergeRequest): readonly SetAside[] {
  const staged = stagedChunk(session, request.token);
  if (staged === undefined) throw new CdcError('INTERNAL', 'A chunk to merge is not staged here');
  const aside: SetAside[] = [];
  for (const entry of staged) {
    const { route, unfit } = entry;
    const options = asideOptions(route, request);
    aside.push(...onTable(session, entry, () => setUnfitAside(session, route, unfit, options)));
  }
  for (const entry of [...staged].reverse()) {
    aside.push(...onTable(session, entry, () => deleteStaged(session, entry, request)));
  }
  for (const entry of staged) {
    aside.push(...onTable(session, entry, () => upsertStaged(session, entry, request)));
  }
  for (const entry of staged) {
    if (entry.range === null) continue;
    const refused = onTable(session, entry, () => equalizeRange(session, entry, request));
    withdraw(session, entry, aside);
    aside.push(...refused);
  }
  return aside;
}

/** Names the table in what goes wrong. */
function onTable<T>(session: Session, { route }: StagedRoute, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw toDatabaseError(error, session.file.name, route.id);
  }
}

/** Rows of the range have the last word about their keys. */
function withdraw(session: Session, { route, range }: StagedRoute, aside: SetAside[]): void {
  const own = aside.filter(({ table, copied }) => table === route.id && !copied);
  if (range === null || own.length === 0) return;
  const places = stagedKeys(
    session,
    route,
    range.table,
    own.map(({ key }) => key),
  );
  const again = new Set(places.map((place) => own[place]));
  aside.splice(0, aside.length, ...aside.filter((row) => !again.has(row)));
}

function deleteStaged(
  session: Session,
  { route, changes }: StagedRoute,
  request: MergeRequest,
): readonly SetAside[] {
  if (changes?.deletes !== true || request.keepDeleted) return [];
  const shape = targetShape(session, route);
  return deleteSet(session, route, shape, changes.table, asideOptions(route, request));
}

function upsertStaged(
  session: Session,
  { route, changes }: StagedRoute,
  request: MergeRequest,
): readonly SetAside[] {
  if (changes?.upserts !== true) return [];
  const shape = targetShape(session, route);
  const aside = writeSet(session, route, shape, changes.table, {
    mayClear: mayClear(route, shape, request),
    ...asideOptions(route, request),
    copied: false,
  });
  if (request.stale.includes(route.id)) trackKeys(session, route, shape, changes.table);
  return aside;
}

function equalizeRange(
  session: Session,
  { route, range }: StagedRoute,
  request: MergeRequest,
): readonly SetAside[] {
  if (range === null) return [];
  const shape = targetShape(session, route);
  const isWhole = range.after === null && range.upTo === null;
  const sweeps = range.replace && !isWhole && !keepsOrder(route);
  if (range.replace && !sweeps && !request.keepDeleted) deleteMissing(session, route, shape, range);
  if (sweeps && range.after === null) startSweep(session, route);
  const aside = writeSet(session, route, shape, range.table, {
    mayClear: mayClear(route, shape, request, range.replace),
    ...asideOptions(route, request),
    copied: true,
  });
  if (!sweeps) return aside;
  trackKeys(session, route, shape, range.table);
  if (range.upTo !== null) return aside;
  if (request.keepDeleted) dropSweeps(session, [route.target]);
  else finishSweep(session, route, shape);
  return aside;
}

function asideOptions({ id }: TableRoute, { setAside, mostSetAside }: MergeRequest) {
  return { setAside: setAside.includes(id), most: mostSetAside ?? Infinity };
}

/**
 * Whether a target row outside of the set may be deleted when it stands in the way of a unique index, because it is
 * known to be outdated: it will be written again, or it is none of the source's.
 *
 * That is so while a table is copied over old rows; and inside of a window, since a row that was re-read is newer
 * than the chunk: whoever had its unique value has lost it by a change that a later chunk of the window applies. All of
 * it only where the source enforces the same: else two rows that both stand in the source can be in each other's way.
 */
function mayClear(
  { id, source }: TableRoute,
  { alikeUnique }: TargetShape,
  { more, stale, keepDeleted }: MergeRequest,
  replaces = false,
): boolean {
  // Which of the rows in the way is one that was kept nobody knows.
  if (keepDeleted || !alikeUnique) return false;
  return replaces || stale.includes(id) || (more && (source.reread || source.uniqueIndexes.length > 0));
}

/** Deletes the target's rows of the range that the source does not have. */
function deleteMissing(session: Session, route: TableRoute, shape: TargetShape, range: StagedRange): void {
  const key = rowValue(route.key.map(quote));
  const conditions = [`${key} NOT IN (SELECT ${comparedKey(route).join(', ')} FROM ${range.table})`];
  const bound: Value[] = [];
  const compare = (operator: string, values: readonly CursorValue[] | null): void => {
    if (values === null) return;
    const parts = values.map(bindCursorValue);
    conditions.push(`${key} ${operator} ${rowValue(parts.map((part) => part.sql))}`);
    bound.push(...parts.map((part) => part.bound));
  };
  compare('>', range.after);
  compare('<=', range.upTo);
  if (range.only !== null) {
    const among = amongKeys(route.key, range.only);
    conditions.push(among.sql);
    bound.push(...among.parameters);
  }
  session.run(`DELETE FROM ${shape.table} WHERE ${conditions.join(' AND ')}`, ...bound);
}
