/** Pipelines as Temporal lists them, without asking a worker. */
import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import { MEMO_KEY, REPLICATION_WORKFLOW, WORKFLOW_ID_PREFIX } from '../workflows/messages';
import type { PipelineMemo, PipelineState } from '../workflows/messages';
import { toClientError } from './errors';
import { memoOf } from './stored';

const LIST_TIMEOUT_MS = 5_000;

/** Most runs that are looked at: a batch run on a schedule leaves many. */
const MOST_RUNS = 2_000;

type Execution = Pick<WorkflowExecutionInfo, 'memo' | 'status' | 'closeTime'>;

/** What the pipeline's workflow last wrote about itself. */
export function memoIn(execution: Pick<Execution, 'memo'>): PipelineMemo | null {
  return memoOf(execution.memo?.[MEMO_KEY]);
}

/** The state by memo, unless Temporal knows of an end that the workflow could not write down itself. */
export function stateOf(execution: Execution): PipelineState {
  const state = memoIn(execution)?.state ?? 'starting';
  const closed = execution.status.name !== 'RUNNING' && execution.status.name !== 'PAUSED';
  return closed && state !== 'completed' ? 'stopped' : state;
}

/** The newest run of each pipeline, running or ended, by name. Throws CdcClientError UNREACHABLE. */
export async function listPipelines(temporal: Client): Promise<readonly PipelineMemo[]> {
  const newest = new Map<string, WorkflowExecutionInfo>();
  try {
    await temporal.withDeadline(Date.now() + LIST_TIMEOUT_MS, async () => {
      let runs = 0;
      const query = `WorkflowType = '${REPLICATION_WORKFLOW}'`;
      for await (const execution of temporal.workflow.list({ query })) {
        if (!execution.workflowId.startsWith(WORKFLOW_ID_PREFIX)) continue;
        const known = newest.get(execution.workflowId);
        if (known === undefined || known.startTime < execution.startTime) {
          newest.set(execution.workflowId, execution);
        }
        runs += 1;
        if (runs >= MOST_RUNS) break;
      }
    });
  } catch (error) {
    throw toClientError(error, '');
  }
  const pipelines = [...newest.values()].flatMap((execution) => {
    const memo = memoIn(execution);
    if (memo === null) return [];
    const state = stateOf(execution);
    const since = state === memo.state ? memo.since : (execution.closeTime?.getTime() ?? memo.since);
    return [{ ...memo, state, since }];
  });
  return pipelines.sort((one, other) => (one.pipeline < other.pipeline ? -1 : 1));
}
