/**
 * Tells a living worker from a dead one within seconds. A killed worker stays among a queue's pollers for minutes, so
 * those prove nothing; but workers report themselves to the server each second, and a report that is renewed between
 * two looks proves a living one, whatever the clocks say. See docs/decisions/0008-worker-liveness.md.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, isGrpcServiceError } from '@temporalio/client';

/**
 * How long nothing may be heard from the first look on before that is believed: two reports would have come. Once a
 * worker has been heard, nobody waits for a quick answer, and a busy machine gets more time.
 */
const FIRST_SILENCE_MS = 2_500;
const LATER_SILENCE_MS = 6_000;

const LOOK_EVERY_MS = 400;

/** One look may take this long; a server that is slower counts as not answering. */
const LOOK_TIMEOUT_MS = 1_200;

/** A worker of somebody else's making may report itself only once a minute. */
const FREQUENT_MS = 2_500;

/** Dead workers stay listed for a while; among this many newest ones a living one would be. */
const MOST_WORKERS = 20;

/** gRPC's status of a method that the server does not have. */
const UNIMPLEMENTED = 12;

/**
 * `silent`: no worker lives. `unreachable`: the server does not answer. `unknown`: the server or the workers don't
 * tell, so the caller has to judge by whether anything was answered.
 */
export type Liveness = 'silent' | 'unreachable' | 'unknown';

/**
 * Watches a task queue until it is clear that no worker takes its tasks, or that this can't be told. Goes on for as
 * long as one lives; an abort ends it with `unknown`. `onHeard` is told of each sign of life.
 */
export async function watchWorkers(
  client: Client,
  taskQueue: string,
  signal: AbortSignal,
  onHeard: () => void = () => undefined,
): Promise<Liveness> {
  const seen = new Map<string, string>();
  let heardAt = performance.now();
  let answeredAt = heardAt;
  let telling = false;
  let heard = false;
  while (!signal.aborted) {
    const looked = await look(client, taskQueue).catch(failedLook);
    if (looked === 'unsupported') return 'unknown';
    const now = performance.now();
    if (looked !== 'failed') {
      answeredAt = now;
      telling = looked.telling;
      for (const [worker, stamp] of looked.stamps) {
        const before = seen.get(worker);
        if (before !== undefined && before !== stamp) {
          [heard, heardAt] = [true, now];
          onHeard();
        }
        seen.set(worker, stamp);
      }
    }
    const patience = heard ? LATER_SILENCE_MS : FIRST_SILENCE_MS;
    if (now - answeredAt >= patience) return 'unreachable';
    if (looked !== 'failed' && now - heardAt >= patience) return telling ? 'silent' : 'unknown';
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
  return 'unknown';
}

/** `alive` as soon as one worker gives a sign of life; within seconds either way. */
export async function findWorker(client: Client, taskQueue: string): Promise<Liveness | 'alive'> {
  const found = new AbortController();
  const liveness = await watchWorkers(client, taskQueue, found.signal, () => found.abort());
  return found.signal.aborted ? 'alive' : liveness;
}

interface Look {
  /** Per worker that did not say good-bye: a text that changes with each of its reports. */
  readonly stamps: ReadonlyMap<string, string>;
  /** True when a living worker would be seen: all report themselves often, or the queue has no poller at all. */
  readonly telling: boolean;
}

async function look(client: Client, taskQueue: string): Promise<Look> {
  const { namespace } = client.options;
  const service = client.workflowService;
  return client.withDeadline(Date.now() + LOOK_TIMEOUT_MS, async () => {
    const query = `TaskQueue = "${taskQueue.replaceAll('"', '\\"')}" AND Status = "Running"`;
    const { workers } = await service.listWorkers({ namespace, query });
    const keys = [...workers]
      .sort((one, other) => secondsOf(other.startTime) - secondsOf(one.startTime))
      .slice(0, MOST_WORKERS)
      .map(({ workerInstanceKey }) => workerInstanceKey ?? '');
    const described = await Promise.all(
      keys.map(async (workerInstanceKey) => {
        // Forgotten between the two calls, or a server that does not tell: then it proves nothing.
        const answer = await service.describeWorker({ namespace, workerInstanceKey }).catch(() => null);
        return { key: workerInstanceKey, heartbeat: answer?.workerInfo?.workerHeartbeat };
      }),
    );
    const heartbeats = described.filter(({ heartbeat }) => heartbeat !== undefined);
    const stamps = new Map(
      heartbeats.map(({ key, heartbeat }) => [key, JSON.stringify(heartbeat?.heartbeatTime ?? null)]),
    );
    const often = heartbeats.every(({ heartbeat }) => {
      const every = heartbeat?.elapsedSinceLastHeartbeat;
      return every !== undefined && every !== null && secondsOf(every) * 1000 < FREQUENT_MS;
    });
    return { stamps, telling: stamps.size > 0 ? often : !(await hasPollers(client, taskQueue)) };
  });
}

/** Of workflow tasks, which is what the server means where no type of queue is named. */
async function hasPollers(client: Client, taskQueue: string): Promise<boolean> {
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: taskQueue },
  });
  return pollers.length > 0;
}

function failedLook(error: unknown): 'unsupported' | 'failed' {
  const status: number | null = isGrpcServiceError(error) ? error.code : null;
  return status === UNIMPLEMENTED ? 'unsupported' : 'failed';
}

/** Seconds of a protobuf time or duration; whole ones come as an object of the protobuf library. */
function secondsOf(
  time: { readonly seconds?: unknown; readonly nanos?: number | null } | null | undefined,
): number {
  return Number(time?.seconds ?? 0) + (time?.nanos ?? 0) / 1e9;
}
