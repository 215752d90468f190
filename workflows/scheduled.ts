/** One run of a pipeline's schedule: the pipeline's own workflow, started, waited for, and cleaned up after. */
import {
  ApplicationFailure,
  CancellationScope,
  ChildWorkflowFailure,
  ParentClosePolicy,
  TemporalFailure,
  TerminatedFailure,
  WorkflowIdReusePolicy,
  isCancellation,
  startChild,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { PipelineSpec } from '../engine/model';
import { describeFailure, failureFor } from './failures';
import { MEMO_KEY, WORKFLOW_TASK_TIMEOUT, workflowIdOf } from './messages';
import type { ScheduledInput, ScheduledResult } from './messages/schedules';
import { initialStatus, memoOf } from './messages/status';
import { finishPatiently } from './proxies';
import { replication } from './replication';

/** Fails with what the pipeline failed with. Cancelled, it lets the pipeline end in order. */
export async function scheduledRun({ spec }: ScheduledInput): Promise<ScheduledResult> {
  const run = await begin(spec);
  if (run === null) return { version: 1, outcome: 'skipped', status: null };
  try {
    const status = await run.result();
    return { version: 1, outcome: status.state === 'completed' ? 'completed' : 'stopped', status };
  } catch (error) {
    if (isCancellation(error) || !(error instanceof TemporalFailure)) throw error;
    if (error instanceof ChildWorkflowFailure && error.cause instanceof TerminatedFailure) {
      await CancellationScope.nonCancellable(() => endChain(spec, run.firstExecutionRunId));
      throw terminated(spec.name);
    }
    throw failureFor(describeFailure(error));
  }
}

/** Null when a workflow of this pipeline runs already. */
async function begin(spec: PipelineSpec) {
  try {
    return await startChild(replication, {
      workflowId: workflowIdOf(spec.name),
      args: [{ spec, takeOver: false, roundsPerRun: null, carried: null }],
      memo: { [MEMO_KEY]: memoOf(initialStatus(spec, Date.now()), Date.now()) },
      staticSummary: `${spec.source} to ${spec.target}, scheduled`,
      workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      // Should this workflow be ended by force, the pipeline's still ends in order.
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
    });
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return null;
    throw error;
  }
}

/**
 * A terminated run could not record its end, and every later one would be refused as another chain's. Temporal has told
 * us that it is over: its end is recorded in its name, which also fences an attempt of it that is still under way.
 */
async function endChain(spec: PipelineSpec, chain: string): Promise<void> {
  const { name, source, target } = spec;
  try {
    await finishPatiently({ pipeline: { name, source, target }, chain });
  } catch (error) {
    // Never set up, or taken over by another chain; or the target is gone for an hour, which the next run will tell.
    if (!(error instanceof TemporalFailure)) throw error;
  }
}

function terminated(pipeline: string): ApplicationFailure {
  const message = `The run of pipeline ${pipeline} was terminated`;
  const hint = 'The next run goes on from where it was.';
  return ApplicationFailure.create({
    message,
    type: 'FAILED',
    nonRetryable: true,
    details: [{ code: 'FAILED', message, hint, retryable: false }],
  });
}
