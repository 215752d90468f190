/**
 * The sequences of a pipeline's target, for the day on which the application is switched to it. Asks the target alone:
 * that day may have come because the source is lost.
 */
import { displayName, targetNameOf } from '../model';
import type { SequenceRequest } from '../model';
import { readProgress } from './checkpoint';
import type { PipelineContext } from './context';
import type { SequenceReport } from './contract';

/** Throws PIPELINE_UNKNOWN, and the target's codes. */
export async function pipelineSequences(
  context: PipelineContext,
  { raise }: { readonly raise: boolean },
): Promise<SequenceReport> {
  const target = await context.connections.target();
  const { tables } = await readProgress(context);
  const requests = tables.map((table): SequenceRequest => ({
    table: table.targetTable,
    columns: table.columns?.map((name) => targetNameOf(table, name)) ?? null,
  }));
  const { adapter } = target;
  if (target.sequences === undefined) return { adapter, apart: false, sequences: [], without: [] };
  const sequences = raise
    ? await target.transaction(null, async (tx) => (await tx.raiseSequences?.(requests)) ?? [])
    : await target.sequences(requests);
  if (raise) await target.flush();
  const having = new Set(sequences.flatMap(({ usedBy }) => usedBy.map(({ table }) => table)));
  const names = requests.map(({ table }) => displayName(table));
  return { adapter, apart: true, sequences, without: names.filter((name) => !having.has(name)) };
}
