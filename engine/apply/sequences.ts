/** Raises the target's sequences once a table's rows have been copied, where the pipeline's settings ask for it. */
import { CdcError } from '../errors';
import { routeOnTarget } from '../model';
import type { SequenceState, StagedChunk, TableRoute, TargetTransaction } from '../model';

/**
 * In the chunk's own transaction, so that a crash after it can't leave them behind. Throws PRIVILEGE_MISSING. One that
 * has no number left stays as it is: that keeps nothing from being replicated, and `Pipeline.sequences` tells it.
 */
export async function raiseCopied(
  tx: TargetTransaction,
  { snapshot }: StagedChunk,
  routes: readonly TableRoute[],
): Promise<void> {
  if (tx.raiseSequences === undefined) return;
  const finished = new Set(snapshot.filter((range) => range.finished).map(({ table }) => table));
  for (const route of routes.filter(({ id }) => finished.has(id))) {
    const { target: table, columns } = routeOnTarget(route);
    requireRights(await tx.raiseSequences([{ table, columns }]), route.id);
  }
}

/** Throws PRIVILEGE_MISSING for the first one that the role may not set. `table`: the source's, if it is known. */
export function requireRights(states: readonly SequenceState[], table: string | null): void {
  const refused = states.find(({ state }) => state === 'refused');
  if (refused === undefined) return;
  const { sequence, remedy } = refused;
  throw new CdcError('PRIVILEGE_MISSING', `The role of the target may not set the sequence ${sequence}`, {
    hint: `${remedy ?? ''} Or start the pipeline without \`sequences\`.`.trim(),
    ...(table === null ? {} : { table }),
  });
}
