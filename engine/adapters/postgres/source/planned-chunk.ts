/** Plans a chunk with what is known of the captured tables, and asks anew for those only that the chunk is about. */
import type { ChunkRequest, TableRoute } from '../../../model';
import { requireToken } from '../capture/check';
import { requireSamePast } from '../capture/past';
import type { PostgresPosition } from '../capture/position';
import { FEW_TABLES, readStamp } from '../capture/stamp';
import type { Session } from '../database';
import { capturesOf, type Captures } from './branches';
import { planChunk, type ChunkPlan, type WindowCuts } from './window';

interface KnownCaptures {
  readonly stamp: string;
  /** With which they agree. */
  readonly token: string;
  readonly captures: Captures;
}

/** What a reader knows of the captures of its tables, by the list of routes, which stays the same for a round. */
export type CaptureMemory = WeakMap<readonly TableRoute[], KnownCaptures>;

export interface PlannedChunk {
  readonly plan: ChunkPlan;
  /** The tables with changes in it, and those of its snapshot ranges. */
  readonly concerned: readonly TableRoute[];
  /** As the transaction sees them; at least of the tables that it is about. */
  readonly captures: Captures;
}

/** Within the transaction that reads, whose snapshot is `now`. Throws what `requireToken` and `requireSamePast` throw. */
export async function planConcerned(
  session: Session,
  request: ChunkRequest,
  { from, now }: { readonly from: PostgresPosition; readonly now: string },
  { cuts, captures: memory }: { readonly cuts: WindowCuts; readonly captures: CaptureMemory },
): Promise<PlannedChunk> {
  const { routes, limit, snapshot, schemaToken, behind = [] } = request;
  const isKnown = routes.length > FEW_TABLES;
  const captures = isKnown ? await recall(session, request, memory) : await capturesOf(session, routes);
  if (!isKnown) requireToken(session, routes, captures, schemaToken);
  requireSamePast(session, from, now);
  const plan = await planChunk(session, routes, captures, { from, now, limit, behind }, cuts);
  const ranged = new Set(plan.more ? [] : snapshot?.ranges.map(({ table }) => table));
  const changed = new Set(plan.parts.flatMap(({ logged }) => logged.map(({ branch }) => branch.route)));
  const concerned = routes.filter(({ id }, index) => changed.has(index) || ranged.has(id));
  if (!isKnown || concerned.length === 0) return { plan, concerned, captures };
  const asked = await capturesOf(session, concerned);
  requireToken(session, concerned, asked, schemaToken);
  return { plan, concerned, captures: asked };
}

/** The captures of all routes, as they were when they were asked for, if nothing has happened to them since. */
async function recall(
  session: Session,
  { routes, schemaToken }: ChunkRequest,
  memory: CaptureMemory,
): Promise<Captures> {
  const stamp = await readStamp(session);
  const known = memory.get(routes);
  if (known?.stamp === stamp && known.token === schemaToken) return known.captures;
  const captures = await capturesOf(session, routes);
  requireToken(session, routes, captures, schemaToken);
  memory.set(routes, { stamp, token: schemaToken, captures });
  return captures;
}
