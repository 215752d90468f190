/**
 * A pipeline's status without a worker: made again from what its activities reported into the history, in the way in
 * which the workflow makes it.
 */
import type { Client, WorkflowHandle } from '@temporalio/client';
import type { PipelineStatus } from '../workflows/messages';
import { initialStatus, withPending, withRound, withSetup } from '../workflows/messages/status';
import { decode, fetchResult, firstInput, roundReport, setupReport } from './stored';

const HISTORY_TIMEOUT_MS = 1_500;

/** Its `state` and `lastError` are those of the run's beginning. Null for a workflow that is none of ours. */
export async function recordedStatus(
  temporal: Client,
  handle: WorkflowHandle,
): Promise<PipelineStatus | null> {
  const deadline = Date.now() + HISTORY_TIMEOUT_MS;
  const { events } = await temporal.withDeadline(deadline, () => handle.fetchHistory());
  const [first] = events ?? [];
  const input = firstInput(decode(first?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0]));
  if (input === null) return null;
  let status = input.carried?.status ?? initialStatus(input.spec, millisecondsOf(first?.eventTime));
  for (const { activityTaskCompletedEventAttributes: completed, eventTime } of events ?? []) {
    const result = decode(completed?.result?.payloads?.[0]);
    if (result !== null) status = moved(status, result, millisecondsOf(eventTime));
  }
  return status;
}

/** Whole seconds come as an object of the protobuf library. */
function millisecondsOf(time: { readonly seconds?: unknown } | null | undefined): number {
  return Number(time?.seconds ?? 0) * 1000;
}

function moved(status: PipelineStatus, result: unknown, at: number): PipelineStatus {
  const round = roundReport(result);
  if (round !== null) return withRound(status, round);
  const fetched = fetchResult(result);
  if (fetched !== null) return withPending(status, fetched, at);
  const report = setupReport(result);
  return report === null ? status : withSetup(status, report, at);
}
