/**
 * Merges a staged chunk into the target's tables by set statements: deletes children first, upserts parents first,
 * then the snapshot range. Runs inside a target transaction.
 */
import type { TableRoute } from '../../../model';
import type { SetAside } from './set-aside';
import type { Session } from '../database/session';
import { equalizeRange } from './ranges';
import type { RowFailure } from './row-failures';
import { KIND, type StagedSet } from './staging';
import { trackKeys } from './sweep';
import { stagedPlaces, within, writePieces } from './pieces';
import { deleteSql, type Places } from './write-sql';
import { refusal, writeSet, type WriteOptions } from './write-set';

export interface MergeRequest {
  /** Changes remained in the window after this chunk. */
  readonly more: boolean;
  /** Display names of source tables whose target may hold rows that the source does not have. */
  readonly stale: readonly string[];
  /** Display names of source tables whose failing rows are set aside. */
  readonly setAside: readonly string[];
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
  for (const { route, unfit } of sets) {
    const [first] = unfit;
    if (first !== undefined && !request.setAside.includes(route.id)) {
      throw refusal(route.id, first.code, first.column);
    }
    aside.push(...unfit);
  }
  for (const set of [...sets].reverse()) await deleteStaged(session, set);
  for (const set of sets) {
    if (set.changes?.upserts !== true) continue;
    aside.push(...(await writeSet(session, set, set.changes, optionsFor(set, request))));
    if (request.stale.includes(set.route.id)) await trackKeys(session, set, set.changes);
  }
  for (const set of sets) {
    if (set.range !== null)
      aside.push(...(await equalizeRange(session, set, set.range, optionsFor(set, request))));
  }
  return aside;
}

async function deleteStaged(session: Session, set: StagedSet): Promise<void> {
  const { changes, route } = set;
  if (changes?.deletes !== true) return;
  const remove = (places: Places): Promise<RowFailure | null> =>
    within(session, [deleteSql(set, changes, KIND.delete, places)]);
  const failure = await remove('all');
  if (failure === null) return;
  if (failure.code !== 'TYPE_MISMATCH') throw refusal(route.id, failure.code, failure.column);
  // A key that can't be converted is no key of the target: there is nothing to delete under it.
  const places = await stagedPlaces(session, changes, KIND.delete);
  for (const rest of (await writePieces(places, remove)).values()) {
    if (rest.code !== 'TYPE_MISMATCH') throw refusal(route.id, rest.code, rest.column);
  }
}

function optionsFor(set: StagedSet, request: MergeRequest): WriteOptions {
  const { route, range, shape } = set;
  return {
    mayClear: shape.alikeUnique && (range?.bounds.replace === true || isOutdated(route, request)),
    setAside: request.setAside.includes(route.id),
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
