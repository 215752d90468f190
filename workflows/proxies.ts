/** The activities with their time-outs and Temporal's own retries: few and quick, then the workflow decides. */
import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { ActivityOptions } from '@temporalio/workflow';
import type { PipelineActivities } from '../activities';

/** An activity whose worker was killed or stopped goes to another one after this much silence. */
const HEARTBEAT_TIMEOUT_MS = 8_000;

/** Longest wait of `fetchPending` for a change. */
export const LONG_POLL_MS = 60_000;

const QUICK: Pick<ActivityOptions, 'retry' | 'cancellationType'> = {
  retry: { initialInterval: 100, backoffCoefficient: 3, maximumInterval: 1_000, maximumAttempts: 3 },
  // Nobody waits for an attempt to notice: it is the epoch on the target that keeps it from committing.
  cancellationType: ActivityCancellationType.TRY_CANCEL,
};

/** Work of unknown length: what tells a living attempt from a dead one is its heartbeat. */
export const { setup, applyBatch, markSynced, resync, resumeTable, acceptFailover, sweep } =
  proxyActivities<PipelineActivities>({
    ...QUICK,
    startToCloseTimeout: '1 hour',
    heartbeatTimeout: HEARTBEAT_TIMEOUT_MS,
  });

export const { fetchPending } = proxyActivities<PipelineActivities>({
  ...QUICK,
  startToCloseTimeout: LONG_POLL_MS + 60_000,
  heartbeatTimeout: HEARTBEAT_TIMEOUT_MS,
});

/** One short transaction on the target. */
const SHORT = { ...QUICK, startToCloseTimeout: '7 seconds' } as const;

export const { finish, markGoal } = proxyActivities<PipelineActivities>(SHORT);

/** For whoever does nothing else meanwhile: goes on trying while the target can't be reached. */
export const { finish: finishPatiently } = proxyActivities<PipelineActivities>({
  ...SHORT,
  retry: { initialInterval: 1_000, backoffCoefficient: 2, maximumInterval: 60_000 },
  scheduleToCloseTimeout: '1 hour',
});

/**
 * An attempt outlasts a database's own wait for a lock (5 s on SQLite), so that the failure names the holder; and not
 * by much, since a stopped worker can swallow one attempt. Two of them and two time-outs of the workflow's own task
 * fit into the 30 s for which a caller waits.
 */
export const { fence } = proxyActivities<PipelineActivities>({
  ...SHORT,
  retry: { ...QUICK.retry, maximumAttempts: 2 },
});
