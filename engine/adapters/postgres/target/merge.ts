/**
 * Merges a staged chunk into the target's tables by set statements: deletes children first, upserts parents first,
 * then the snapshot range. Runs inside a target transaction.
 */
import { tooManySetAside } from '../../../errors';
import type { SetAside, TableRoute } from '../../../model';
import type { Session } from '../database/session';
import { equalizeRange } from './ranges';
import type { RowFailure } from './row-failures';
import { KIND, type StagedSet } from './staging';
import { keyOf, readStagedRow } from './staged-row';
import { trackKeys } from './sweep';
import { stagedKeys } from './touched';
import { stagedPlaces, within, writePieces } from './pieces';
import { deleteSql, type Places } from './write-sql';
import { isHeld, refusal, writeSet, type WriteOptions } from './write-set';

export interface MergeRequest {
  /** Changes remained in the window after this chunk. */
  readonly more: boolean;
  /** Display names of source tables whose target may hold rows that the source does not have. */
  readonly stale: readonly string[];
  /** Display names of source tables whose failing rows are set aside. */
  readonly setAside: readonly string[];
  /** Most of one table; absent: no limit. */
  readonly mostSetAside?: number | undefined;
  /** Nothing that the target holds is deleted. */
  readonly keepDeleted: boolean;
}

/**
 * Returns the rows that were set aside. Throws CONSTRAINT_FAILED, TYPE_MISMATCH or TARGET_TABLE_MISMATCH with the
 * table for those that may not be.
 */
export async function mergeChunk(
  session: Session,
  sets: readonly StagedSet[],
  request: MergeRequest,
): Promise<readonly SetAside[]> {
  const aside: SetAside[] = [];
  for (const set of sets) {
    const [first] = set.unfit;
    if (first === undefined) continue;
    if (!request.setAside.includes(set.route.id)) throw refusal(set.route.id, first.code, first.column);
    const most = request.mostSetAside ?? Infinity;
    if (set.unfit.length > 2 * most) throw tooManySetAside(set.route.id, most, first);
    for (const row of set.unfit) aside.push({ ...row, held: await isHeld(session, set, row.key) });
  }
  for (const set of [...sets].reverse()) aside.push(...(await deleteStaged(session, set, request)));
  for (const set of sets) {
    if (set.changes?.upserts !== true) continue;
    aside.push(...(await writeSet(session, set, set.changes, optionsFor(set, request, false))));
    if (request.stale.includes(set.route.id)) await trackKeys(session, set, set.changes);
  }
  for (const set of sets) {
    if (set.range === null) continue;
    // Which of the rows that were set aside the range has is looked up among staged ones.
    const mayGoStraight = !request.keepDeleted && !aside.some(({ table }) => table === set.route.id);
    const { keepDeleted } = request;
    const options = { ...optionsFor(set, request, true), keepDeleted, mayGoStraight };
    const refused = await equalizeRange(session, set, set.range, options);
    await withdraw(session, set, aside);
    aside.push(...refused);
  }
  return aside;
}

/** Rows of the range have the last word about their keys. */
async function withdraw(session: Session, set: StagedSet, aside: SetAside[]): Promise<void> {
  const own = aside.filter(({ table, copied }) => table === set.route.id && !copied);
  if (set.range === null || own.length === 0) return;
  const keys = own.map(({ key }) => key);
  const places = await stagedKeys(session, set, (await set.range.rows.staged()).table, keys);
  const again = new Set(places.map((place) => own[place]));
  aside.splice(0, aside.length, ...aside.filter((row) => !again.has(row)));
}

async function deleteStaged(
  session: Session,
  set: StagedSet,
  request: MergeRequest,
): Promise<readonly SetAside[]> {
  const { changes, route } = set;
  if (changes?.deletes !== true || request.keepDeleted) return [];
  const remove = (places: Places): Promise<RowFailure | null> =>
    within(session, [deleteSql(set, changes, KIND.delete, places)]);
  const failure = await remove('all');
  if (failure === null) return [];
  const mayStay = request.setAside.includes(route.id);
  if (failure.code !== 'TYPE_MISMATCH' && !mayStay) throw refusal(route.id, failure.code, failure.column);
  const places = await stagedPlaces(session, changes, KIND.delete);
  const aside: SetAside[] = [];
  for (const [place, { code, column }] of await writePieces(session, places, remove, null)) {
    // A key that can't be converted is no key of the target: there is nothing to delete under it.
    if (code === 'TYPE_MISMATCH') continue;
    if (!mayStay) throw refusal(route.id, code, column);
    const key = keyOf(route, await readStagedRow(session, set, changes.table, place, KIND.delete));
    const about = { table: route.id, key, row: null, code, column } as const;
    aside.push({ ...about, op: 'delete', copied: false, held: true });
  }
  return aside;
}

function optionsFor(set: StagedSet, request: MergeRequest, copied: boolean): WriteOptions {
  const { route, range, shape } = set;
  return {
    // Which of the rows in the way is one that was kept nobody knows.
    mayClear:
      !request.keepDeleted &&
      shape.alikeUnique &&
      (range?.bounds.replace === true || isOutdated(route, request)),
    setAside: request.setAside.includes(route.id),
    most: request.mostSetAside ?? Infinity,
    copied,
  };
}

/**
 * Whether a target row outside of the set may be deleted when it stands in the way of a unique index that the source
 * enforces, too, because it is known to be outdated: it will be written again, or it is none of the source's.
 *
 * That is so while a table is copied over old rows; and inside of a window, since a row that was re-read is newer
 * than the chunk: whoever had its unique value has lost it by a change that a later chunk of the window applies.
 */
function isOutdated({ id, source }: TableRoute, { more, stale }: MergeRequest): boolean {
  return stale.includes(id) || (more && (source.reread || source.uniqueIndexes.length > 0));
}
