/** Takes back what setup made; the replicated rows stay. */
import { CdcError, isCdcError } from '../errors';
import type { Target } from '../model';
import type { PipelineContext } from './context';
import { endAllLives } from './lives';

/**
 * Safe to repeat. The source first: an orphaned consumer would hold back purging for ever. `sourceOnly`: a target is
 * lost, so all that the source keeps under this name goes, except for the pipeline that the target of now holds. Throws PIPELINE_UNKNOWN when the target knows nothing of a
 * pipeline that the source keeps changes for: it may be another target's.
 */
export async function teardownPipeline(context: PipelineContext, sourceOnly: boolean): Promise<void> {
  const { name } = context.ref;
  const source = await context.connections.source();
  const kept = (await source.consumers()).filter((consumer) => consumer.name === name);
  if (sourceOnly) {
    const living = await livingUuid(context);
    for (const { uuid } of kept) if (uuid !== living) await source.uninstall(uuid);
    return;
  }
  const target = await targetIfAny(context);
  const checkpoint = (await target?.checkpoint(name)) ?? null;
  if (target !== null && checkpoint !== null) {
    await endAllLives(source, checkpoint.uuid);
    await target.uninstall(checkpoint.uuid);
  } else if (kept.length > 0) {
    throw new CdcError(
      'PIPELINE_UNKNOWN',
      `The target has no checkpoint of ${name}, the source captures for it`,
      {
        hint:
          `If that target is lost, \`cdc teardown ${name} --source-only\` takes capture away; if another target has ` +
          'a pipeline of this name, tear it down with its own configuration.',
      },
    );
  }
}

/** Null where there is no database: nothing was set up there, or all of it was lost. */
async function targetIfAny(context: PipelineContext): Promise<Target | null> {
  try {
    return await context.connections.target();
  } catch (error) {
    if (isCdcError(error, 'DATABASE_MISSING')) return null;
    throw error;
  }
}

/** What the target stands on, or null: whoever says that a target is lost need not mean one that answers. */
async function livingUuid(context: PipelineContext): Promise<string | null> {
  try {
    const target = await context.connections.target();
    return (await target.checkpoint(context.ref.name))?.uuid ?? null;
  } catch {
    return null;
  }
}
