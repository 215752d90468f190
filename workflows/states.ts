/** The states of a pipeline: where each event leads, and which request is refused where. Both tables are total. */
import type { PipelineState } from './messages';

/**
 * What can happen to a pipeline.
 *
 * - `begin`: work starts, and setup comes first; `copying`, `replicating`: work goes on, with or without a table
 *   being copied. From `pausing` and `paused` it is `resume` that sends these.
 * - `failed`: an attempt failed after Temporal's own quick retries.
 * - `hold`: a pause or stop was asked for; `fenced`: the target now refuses every commit; `ended`: and the chain is
 *   recorded as ended.
 * - `completed`: a batch run has reached its goal.
 */
export type PipelineEvent =
  'begin' | 'copying' | 'replicating' | 'failed' | 'hold' | 'fenced' | 'ended' | 'completed';

type Transitions = {
  readonly [State in PipelineState]: { readonly [Event in PipelineEvent]: PipelineState };
};

const WORKING = {
  begin: 'starting',
  copying: 'snapshotting',
  replicating: 'running',
  failed: 'failing',
  hold: 'pausing',
  fenced: 'paused',
  ended: 'stopped',
  completed: 'completed',
} as const satisfies Record<PipelineEvent, PipelineState>;

function every<State extends PipelineState>(state: State): Readonly<Record<PipelineEvent, State>> {
  return {
    begin: state,
    copying: state,
    replicating: state,
    failed: state,
    hold: state,
    fenced: state,
    ended: state,
    completed: state,
  };
}

const TRANSITIONS: Transitions = {
  starting: WORKING,
  snapshotting: WORKING,
  running: WORKING,
  failing: WORKING,
  // A fence that fails is tried again: only success or `resume` leads out.
  pausing: { ...WORKING, failed: 'pausing', hold: 'pausing', completed: 'pausing' },
  paused: { ...WORKING, failed: 'paused', hold: 'paused', completed: 'paused' },
  stopped: every('stopped'),
  completed: every('completed'),
};

export function transition(state: PipelineState, event: PipelineEvent): PipelineState {
  return TRANSITIONS[state][event];
}

/** True in the two states that end the workflow. */
export function isEnd(state: PipelineState): boolean {
  return state === 'stopped' || state === 'completed';
}

/** What callers may ask of a pipeline. */
export type Request =
  | 'pause'
  | 'resume'
  | 'stop'
  | 'resync'
  | 'resumeTable'
  | 'deadLetters'
  | 'acceptFailover'
  | 'settings'
  | 'apply';

type Refusals = {
  readonly [State in PipelineState]: { readonly [Asked in Request]: string | null };
};

/** Asking for what is already so is no fault: pause and stop may be repeated by a caller whose answer got lost. */
const NOTHING_TO_RESUME = {
  pause: null,
  stop: null,
  resync: null,
  resumeTable: null,
  deadLetters: null,
  acceptFailover: null,
  settings: null,
  apply: null,
} as const;
const OVER = {
  pause: 'has ended',
  resume: 'has ended',
  stop: 'has ended',
  resync: 'has ended',
  resumeTable: 'has ended',
  deadLetters: 'has ended',
  acceptFailover: 'has ended',
  settings: 'has ended',
  apply: 'has ended',
};

/** Null: allowed; else what follows "pipeline NAME ". */
const REFUSALS: Refusals = {
  starting: {
    ...NOTHING_TO_RESUME,
    resume: 'is starting; there is nothing to resume',
    resync: 'is starting; its first copy is not set up yet',
    resumeTable: 'is starting; none of its tables is parked',
    acceptFailover: 'is starting; it has no position yet',
    apply: 'is starting; apply changes once it is set up',
  },
  snapshotting: { ...NOTHING_TO_RESUME, resume: 'is not paused: it is copying tables' },
  running: { ...NOTHING_TO_RESUME, resume: 'is not paused: it is running' },
  failing: { ...NOTHING_TO_RESUME, resume: null },
  pausing: {
    pause: null,
    resume: null,
    stop: null,
    resync: 'is being paused; resync it once it is paused',
    resumeTable: 'is being paused; resume the table once it is paused',
    deadLetters: null,
    acceptFailover: 'is being paused; accept the failover once it is paused',
    settings: null,
    apply: 'is being paused; apply changes once it is paused',
  },
  paused: { ...NOTHING_TO_RESUME, resume: null },
  stopped: OVER,
  completed: OVER,
};

/** Why a request is refused in a state; null when it is not. */
export function refusal(state: PipelineState, asked: Request): string | null {
  return REFUSALS[state][asked];
}
