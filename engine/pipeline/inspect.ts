/**
 * Looks whether a pipeline is sound, as a claim does, but without a lock: who waits or watches must not take "nothing
 * is pending" for "all is applied" when the source was restored, or does not capture any more.
 */
import { movingTables, routesToCheck, viewSound } from '../apply';
import type { SourceView, TableFailure } from '../apply';
import { consumerOf, requireSameSource, verifyHandshake } from '../capture';
import { isCdcError } from '../errors';
import { selectionText } from '../model';
import type { Checkpoint, Source, TableCheckpoint, TableRoute } from '../model';
import { readCheckpoint } from './checkpoint';
import type { PipelineContext } from './context';

export interface Inspected {
  readonly checkpoint: Checkpoint;
  /** All of them, parked ones too. */
  readonly tables: readonly TableCheckpoint[];
  /** Of the tables that go with the pipeline and are sound, parents first. */
  readonly routes: readonly TableRoute[];
  /** What is the matter with the others: the next attempt parks them. */
  readonly failures: readonly TableFailure[];
}

/** How often a checkpoint that others move is looked at again. */
const LOOKS = 10;

/** Throws PIPELINE_UNKNOWN, the handshake's codes, those of `Source.check` that are no table's own, and the databases' codes. */
export async function inspectPipeline(context: PipelineContext): Promise<Inspected> {
  const { source, target } = await context.connections.both();
  for (let look = 1; ; look++) {
    const checkpoint = await readCheckpoint(context);
    try {
      requireSameSource(checkpoint, await source.sourceId());
      verifyHandshake(checkpoint, await consumerOf(source, checkpoint));
      const tables = await target.tableCheckpoints(checkpoint.uuid);
      const moving = movingTables(tables);
      const { view, failures } = await viewKnown(context, source, checkpoint, moving);
      const moved = failures.length > 0 && (await hasMoved(context, checkpoint));
      if (!moved || look === LOOKS) return { checkpoint, tables, routes: view.routes, failures };
    } catch (error) {
      // What an attempt has committed, acknowledged and purged meanwhile looks wrong from where we stood.
      if (look === LOOKS || !(await hasMoved(context, checkpoint))) throw error;
    }
  }
}

/** What an inspection saw, and of which tables: reading a catalog of many tables costs more than all else of it. */
const lastSeen = new WeakMap<PipelineContext, { readonly of: string; readonly view: SourceView }>();

/** As `viewSound`; the routes of the last inspection where the source says that all is as it was. */
async function viewKnown(
  context: PipelineContext,
  source: Source,
  { position }: Checkpoint,
  tables: readonly TableCheckpoint[],
): Promise<{ readonly view: SourceView; readonly failures: readonly TableFailure[] }> {
  const of = JSON.stringify(tables.map((table) => [table.source, table.targetTable, selectionText(table)]));
  const last = lastSeen.get(context);
  if (last?.of === of && (await holds(source, position, last.view, tables))) {
    return { view: last.view, failures: [] };
  }
  const sound = await viewSound(source, position, tables, (asked) => context.routesOf(asked));
  if (sound.failures.length === 0) lastSeen.set(context, { of, view: sound.view });
  return sound;
}

async function holds(
  source: Source,
  position: Checkpoint['position'],
  { routes, schemaToken }: SourceView,
  tables: readonly TableCheckpoint[],
): Promise<boolean> {
  try {
    return (await source.check(position, routesToCheck(routes, tables))) === schemaToken;
  } catch (error) {
    // What is the matter is said of the tables as they are now.
    if (isCdcError(error)) return false;
    throw error;
  }
}

async function hasMoved(context: PipelineContext, { uuid, seq, ackedSeq }: Checkpoint): Promise<boolean> {
  const now = await readCheckpoint(context);
  return now.uuid !== uuid || now.seq !== seq || now.ackedSeq !== ackedSeq;
}
