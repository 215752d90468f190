/** Looks at a pipeline while a verb waits for what it does to the target, and ends the waiting when it is in vain. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { TableProgress } from '../../engine/model';
import { CdcClientError, type PipelineReport } from '..';
import { type VerbError, failed } from './outcome';
import { time } from './reports';
import type { Session } from './session';

const LOOK_EVERY_MS = 500;

export interface WatchOptions {
  /** Give up where a table is parked, too. */
  readonly parked: boolean;
  /** How long the verb waits, milliseconds since 1970: a scheduled run that is due by then may help; null: none may. */
  readonly until: number | null;
  /** Gets what was seen at each look. */
  readonly onLook?: (status: PipelineReport) => void;
}

/** Why waiting is pointless, or null while there is hope. */
function hopeless(status: PipelineReport, { parked: alsoParked, until }: WatchOptions): VerbError | null {
  const { pipeline, state, lastError, tables, schedule } = status;
  const parked = alsoParked ? parkedTable(pipeline, tables) : null;
  if (parked !== null) return parked;
  if (status.suspended) {
    return failed(
      `Capture of ${pipeline} was stopped: its backlog passed maxBacklog.`,
      `Run \`cdc resync ${pipeline}\`.`,
    );
  }
  switch (state) {
    case 'pausing':
    case 'paused':
      return failed(
        `Pipeline ${pipeline} is ${state}: nothing will be applied.`,
        `Run \`cdc resume ${pipeline}\`.`,
      );
    case 'stopped':
    case 'completed': {
      const next = schedule?.nextRunAt ?? null;
      if (next !== null && until !== null && next <= until) return null;
      if (schedule !== null) {
        return failed(
          `No run of ${pipeline} is on, and ${next === null ? 'its schedule is paused' : `the next one is due at ${time(next)}`}.`,
          `\`cdc schedule ${pipeline} --now\` begins one.`,
        );
      }
      return failed(
        `Pipeline ${pipeline} is ${state}: nothing will be applied.`,
        `Run \`cdc start ${pipeline}\`.`,
      );
    }
    case 'failing':
      // No attempt has failed since `cdc resume`: the next one may succeed.
      if (lastError === null || lastError.retryable || lastError.attempts === 0) return null;
      return failed(
        `Pipeline ${pipeline} is failing. ${lastError.code}: ${lastError.message}`,
        `${lastError.hint} Then \`cdc resume ${pipeline}\` makes it try at once.`,
      );
    case 'starting':
    case 'snapshotting':
    case 'running':
      return null;
  }
}

function parkedTable(pipeline: string, tables: readonly TableProgress[]): VerbError | null {
  const parked = tables.find(({ state }) => state === 'parked');
  if (parked === undefined) return null;
  return failed(
    `Table ${parked.source} is parked: ${parked.cause ?? 'its cause is unknown'}.`,
    `Mend the cause, then let it go on with \`cdc resume ${pipeline} --table ${parked.source}\`.`,
  );
}

/** Looks at the pipeline beside the waiting, and aborts it when it is in vain. */
export async function watch(
  session: Session,
  name: string,
  waiting: AbortController,
  options: WatchOptions,
): Promise<void> {
  const { signal } = waiting;
  for (;;) {
    // An abort ends the sleep, which is no failure.
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    try {
      const client = await session.client();
      const status = await client.status(name);
      options.onLook?.(status);
      const reason = hopeless(status, options);
      if (reason !== null) waiting.abort(reason);
    } catch (error) {
      // Whether all has arrived is asked of the databases; Temporal may be out of reach meanwhile.
      if (!(error instanceof CdcClientError) || error.code !== 'NOT_FOUND') continue;
      waiting.abort(failed(`Pipeline ${name} is not running.`, `Start it with \`cdc start ${name}\`.`));
    }
  }
}
