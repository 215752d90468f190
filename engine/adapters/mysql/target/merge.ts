/**
 * Merges a staged chunk into the target's tables by set statements: deletes children first, upserts parents first,
 * then the snapshot range. Runs inside a target transaction, so nothing here may be a statement that commits.
 */
import { tooManySetAside } from '../../../errors';
import type { SetAside, TableRoute } from '../../../model';
import type { Session } from '../database';
import { encodeCursor } from '../rows/cursor';
import { runAll, writePieces } from './pieces';
import { equalizeRange } from './ranges';
import type { RowFailure } from './row-failures';
import type { StagedKey, StagedSet } from './staging';
import { deleteSql } from './statements';
import { trackKeys } from './sweep';
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
    aside.push(...(await writeSet(session, set, set.upserts, optionsFor(set, request, false))));
    if (request.stale.includes(set.route.id)) await trackKeys(session, set, set.upserts);
  }
  for (const set of sets) {
    if (set.range === null) continue;
    const options = { ...optionsFor(set, request, true), keepDeleted: request.keepDeleted };
    const refused = await equalizeRange(session, set, set.range, options);
    withdraw(set, aside);
    aside.push(...refused);
  }
  return aside;
}

/** Rows of the range have the last word about their keys. */
function withdraw({ route, range }: StagedSet, aside: SetAside[]): void {
  if (range === null || aside.length === 0) return;
  const again = new Set(range.keys.map(({ key }) => encodeCursor(key)));
  const stays = ({ table, copied, key }: SetAside): boolean =>
    table !== route.id || copied || !again.has(encodeCursor(key));
  aside.splice(0, aside.length, ...aside.filter(stays));
}

async function deleteStaged(
  session: Session,
  { route, shape, deletes }: StagedSet,
  request: MergeRequest,
): Promise<readonly SetAside[]> {
  if (deletes.length === 0 || request.keepDeleted) return [];
  const remove = (keys: readonly StagedKey[]): Promise<RowFailure | null> =>
    runAll(session, deleteSql(shape, keys, session.maxPacket));
  const failure = await remove(deletes);
  if (failure === null) return [];
  if (!request.setAside.includes(route.id)) throw refusal(route.id, failure.code, null);
  const lost = await writePieces(deletes, remove, null, session);
  return [...lost].map(([{ key }, { code }]) => {
    const about = { table: route.id, key, row: null, code, column: null } as const;
    return { ...about, op: 'delete', copied: false, held: true };
  });
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
