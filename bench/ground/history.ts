/** What Temporal has written down about a pipeline. */
import type { Client } from '@temporalio/client';
import { workflowIdOf } from '../../workflows/messages';

/** One event, as far as the benchmarks care. */
export interface HistoryEntry {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** The activity that this event schedules or starts. */
  readonly scheduled: string | null;
  readonly started: string | null;
}

interface Timestamp {
  readonly seconds?: { toNumber(): number } | null;
  readonly nanos?: number | null;
}

/** All events since `from` (milliseconds since 1970), over all runs that continued each other. */
export async function historySince(
  temporal: Client,
  pipeline: string,
  from: number,
): Promise<readonly HistoryEntry[]> {
  const entries: HistoryEntry[] = [];
  let runId: string | undefined;
  for (;;) {
    const { events } = await temporal.workflow.getHandle(workflowIdOf(pipeline), runId).fetchHistory();
    const names = new Map<string, string>();
    const run: HistoryEntry[] = [];
    for (const event of events ?? []) {
      const scheduled = event.activityTaskScheduledEventAttributes?.activityType?.name ?? null;
      if (scheduled !== null) names.set(String(event.eventId), scheduled);
      const cause = event.activityTaskStartedEventAttributes?.scheduledEventId;
      const started = cause === undefined ? null : (names.get(String(cause)) ?? null);
      run.push({ at: milliseconds(event.eventTime ?? null), scheduled, started });
    }
    entries.unshift(...run.filter(({ at }) => at >= from));
    const former = events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId ?? '';
    if (former === '' || (run[0]?.at ?? 0) < from) return entries;
    runId = former;
  }
}

/** The activities that run at this moment. */
export async function runningActivities(temporal: Client, pipeline: string): Promise<readonly string[]> {
  const { raw } = await temporal.workflow.getHandle(workflowIdOf(pipeline)).describe();
  return (raw.pendingActivities ?? []).map((activity) => activity.activityType?.name ?? '');
}

function milliseconds(time: Timestamp | null): number {
  return (time?.seconds?.toNumber() ?? 0) * 1000 + (time?.nanos ?? 0) / 1e6;
}
