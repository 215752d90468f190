/** The workflow of one pipeline: its main loop. One step at a time, and between two steps what callers ask for. */
import {
  CancellationScope,
  TemporalFailure,
  allHandlersFinished,
  condition,
  isCancellation,
  makeContinueAsNewFunc,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import { createCommands } from './commands';
import type { Command, Commands } from './commands';
import { describeFailure, failureFor, refusedFor } from './failures';
import { setHandlers } from './handlers';
import { MEMO_KEY } from './messages';
import type { Failure, PipelineStatus, ReplicationInput } from './messages';
import {
  carry,
  clearFailure,
  createRun,
  currentStatus,
  fail,
  failForGood,
  goOn,
  happen,
  untilNextAttempt,
} from './run';
import type { Run } from './run';
import { isEnd } from './states';
import { isCopying, memoOf } from './messages/status';
import { hold, perform, release } from './steering';
import { apply, completeBatch, createSyncing, isPending, look, restBeforeRound, setUp } from './work';
import type { Syncing } from './work';

/** How often a paused pipeline with a limit on its backlog looks at it. */
const PAUSED_LOOK_MS = 60_000;

/** How often in a row another attempt of our own may take the epoch before that counts as a failure. */
const LOST_EPOCHS = 2;

interface Loop {
  readonly run: Run;
  readonly commands: Commands;
  readonly syncing: Syncing;
}

/** Runs until it is stopped, or until a batch run has reached its goal; its last status is its result. */
export async function replication(input: ReplicationInput): Promise<PipelineStatus> {
  const run = createRun(input);
  const commands = createCommands();
  const syncing = createSyncing(run, () => commands.wake());
  setHandlers(run, commands);
  try {
    await main({ run, commands, syncing });
  } catch (error) {
    // Cancelled from outside, in Temporal's own ways: as orderly an end as can be had.
    if (isCancellation(error)) await CancellationScope.nonCancellable(() => release(run, syncing));
    await answerAll(run, commands, error);
    throw error;
  }
  await answerAll(run, commands, refusedFor(`Pipeline ${input.spec.name} has ended`));
  return currentStatus(run);
}

async function main(loop: Loop): Promise<void> {
  const { run, commands, syncing } = loop;
  while (!isEnd(run.status.state)) {
    const command = commands.next();
    if (command !== undefined) {
      await answered(command, perform(run, command, syncing));
    } else if (!(await continuesAsNew(loop))) {
      try {
        await step(loop);
      } catch (error) {
        await judge(run, error);
      }
    }
  }
}

/** Only a cancellation from outside gets here: its caller shall know of it too. */
async function answered(command: Command, performed: Promise<void>): Promise<void> {
  try {
    await performed;
  } catch (error) {
    command.done.reject(error);
    throw error;
  }
}

async function step(loop: Loop): Promise<void> {
  const { run, syncing } = loop;
  const { state } = run.status;
  switch (state) {
    case 'starting':
      // Not interrupted: an attempt that nobody waits for would make its objects after a stop.
      await setUp(run);
      clearFailure(run);
      goOn(run);
      return;
    case 'snapshotting':
    case 'running':
      await round(loop);
      return;
    case 'pausing':
      if ((await waitForRetry(loop)) && run.status.state === 'pausing') await hold(run, syncing);
      return;
    case 'paused':
      await rest(loop);
      return;
    case 'failing':
      if (await waitForRetry(loop)) await probe(loop);
      return;
    case 'stopped':
    case 'completed':
      return;
    default:
      state satisfies never;
  }
}

/** A round: wait for something to apply, apply for a while, tell the source beside the next wait. */
async function round({ run, commands, syncing }: Loop): Promise<void> {
  const failure = syncing.takeFailure();
  if (failure !== null) {
    fail(run, failure);
    return;
  }
  if (run.setUpAgain) await setUp(run);
  const rest = restBeforeRound(run);
  if (rest > 0 && (await commands.interruptible('wait', () => sleepFor(rest))) === null) return;
  // A batch run ends with what a sweep finds: rounds until then would find nothing.
  if (run.status.mode === 'batch' && run.sweeping && run.fruitlessRounds > 0) {
    if ((await commands.interruptible('wait', () => settled(syncing))) === null) return;
  }
  const pending = await commands.interruptible('wait', () => isPending(run));
  if (pending === null) return;
  if (!pending) {
    if (syncing.due) syncing.start();
    return;
  }
  const reached = await commands.interruptible('work', () => apply(run, false));
  if (reached === null) return;
  if (reached) {
    await completeBatch(run);
    return;
  }
  clearFailure(run);
  happen(run, isCopying(run.status) ? 'copying' : 'replicating');
  syncing.start();
}

/** An attempt after a failure. Only when all parts of a round have succeeded is the failure over. */
async function probe({ run, commands, syncing }: Loop): Promise<void> {
  if (!run.setUp) {
    await setUp(run);
    clearFailure(run);
    goOn(run);
    return;
  }
  // The source is looked at first: its backlog grows just when the target is down, and has to be guarded.
  const looked = await commands.interruptible('work', () => look(run, 0));
  if (looked === null) return;
  if (run.setUpAgain) await setUp(run);
  const reached = await commands.interruptible('work', () => apply(run, true));
  if (reached === null) return;
  if (reached) {
    await completeBatch(run);
    return;
  }
  syncing.start();
  const told = await commands.interruptible('work', () => untilCancelled(syncing.settle()));
  if (told === null) return;
  const failure = syncing.takeFailure();
  if (failure === null) {
    clearFailure(run);
    goOn(run);
  } else {
    fail(run, failure);
  }
}

async function sleepFor(ms: number): Promise<true> {
  await sleep(ms);
  return true;
}

/** True when the next attempt is due; false when a request came first. */
async function waitForRetry({ run, commands }: Loop): Promise<boolean> {
  const waited = await commands.interruptible<boolean>('wait', async () => {
    const left = untilNextAttempt(run);
    return left === 0 || sleepFor(left);
  });
  return waited ?? false;
}

/** Paused: nothing is done but guarding the source where it is limited. */
async function rest({ run, commands }: Loop): Promise<void> {
  await commands.interruptible('wait', async () => {
    if (run.status.settings.maxBacklog === null) {
      await CancellationScope.current().cancelRequested;
      return;
    }
    await sleep(PAUSED_LOOK_MS);
    await look(run, 0);
    clearFailure(run);
  });
}

/** Decides what a failure of a step means. Throws when it ends the workflow. */
async function judge(run: Run, error: unknown): Promise<void> {
  // A fault of this program is not the pipeline's: Temporal retries the task until a mended worker takes it.
  if (isCancellation(error) || !(error instanceof TemporalFailure)) throw error;
  const failure = describeFailure(error);
  if (isLostEpoch(failure) && run.lostEpochs < LOST_EPOCHS) {
    // An attempt that was thought dead, or a fence that came late. The next claim wins.
    run.lostEpochs += 1;
    run.skipFetch = true;
    run.setUpAgain = failure.code === 'FENCED';
    return;
  }
  if (!run.setUp && !failure.retryable) {
    // Before anybody hears of it: whoever then starts it again finds it free.
    if (failure.code !== 'PIPELINE_TAKEN') await release(run, null);
    run.setupFailure = failure;
    failForGood(run, failure);
    throw failureFor(failure);
  }
  fail(run, failure);
}

function isLostEpoch(failure: Failure): boolean {
  return failure.code === 'EPOCH_LOST' || failure.code === 'FENCED';
}

/** Continues as new when it is time and nobody waits for an answer. True: something else came first, look again. */
async function continuesAsNew({ run, commands, syncing }: Loop): Promise<boolean> {
  const { roundsPerRun } = run.input;
  const enough = roundsPerRun !== null && run.rounds >= roundsPerRun;
  if (!enough && !workflowInfo().continueAsNewSuggested) return false;
  run.draining = true;
  await Promise.race([syncing.settle(), condition(() => commands.waiting)]);
  await condition(() => commands.waiting || allHandlersFinished());
  run.draining = false;
  if (commands.waiting) return true;
  const next = makeContinueAsNewFunc<typeof replication>({
    memo: { [MEMO_KEY]: memoOf(run.status, Date.now()) },
  });
  return next({ ...run.input, carried: carry(run) });
}

/** Nobody shall wait for an answer that never comes. */
async function answerAll(run: Run, commands: Commands, error: unknown): Promise<void> {
  run.draining = true;
  commands.rejectAll(error);
  await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
}

async function settled(syncing: Syncing): Promise<true> {
  await untilCancelled(syncing.settle());
  return true;
}

/** Waits for `work`, or throws when the scope is cancelled: `work` belongs to another scope and goes on. */
function untilCancelled(work: Promise<void>): Promise<void> {
  return Promise.race([work, CancellationScope.current().cancelRequested]);
}
