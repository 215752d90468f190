/** What a workflow sees of an activity's failure, and what it throws at its own callers. */
import {
  ActivityFailure,
  ApplicationFailure,
  ChildWorkflowFailure,
  TimeoutFailure,
} from '@temporalio/workflow';
import type { Failure, FailureCode } from './messages';
import { REFUSED } from './messages';

/** Reads the failure that an activity, or a pipeline's workflow, reported; one that could not report is `WORKER_LOST`. */
export function describeFailure(error: unknown): Failure {
  const cause =
    error instanceof ActivityFailure || error instanceof ChildWorkflowFailure ? error.cause : error;
  if (cause instanceof ApplicationFailure) {
    const reported = parseFailure(cause.details?.[0]);
    if (reported !== null) return reported;
  }
  if (cause instanceof TimeoutFailure) {
    const activity = error instanceof ActivityFailure ? error.activityType : 'An activity';
    return {
      code: 'WORKER_LOST',
      message: `${activity} did not report back in time: its worker was killed, stopped or overloaded`,
      hint: 'Check that a worker is running and not overloaded.',
      retryable: true,
    };
  }
  // What neither the engine nor a time-out explains: an unknown activity, a payload that can't be read.
  return {
    code: 'INTERNAL',
    message: `Unexpected failure of ${error instanceof ActivityFailure ? error.activityType : 'the workflow'}`,
    hint: "Look at the worker's log; check that worker and client are of the same version.",
    retryable: true,
  };
}

/** The failure as a caller of an update, or of the workflow's result, gets it. */
export function failureFor(failure: Failure): ApplicationFailure {
  return ApplicationFailure.create({
    message: failure.message,
    type: failure.code,
    nonRetryable: true,
    details: [failure],
  });
}

export function refusedFor(message: string): ApplicationFailure {
  return ApplicationFailure.create({ message, type: REFUSED, nonRetryable: true });
}

function parseFailure(detail: unknown): Failure | null {
  if (typeof detail !== 'object' || detail === null) return null;
  if (!('code' in detail && 'message' in detail && 'hint' in detail && 'retryable' in detail)) return null;
  const { code, message, hint, retryable } = detail;
  if (typeof code !== 'string' || typeof message !== 'string' || typeof hint !== 'string') return null;
  return { code: asFailureCode(code), message, hint, retryable: retryable === true };
}

/** Our own activities write it; a worker of a newer version may know codes that this one does not, and they pass. */
function asFailureCode(code: string): FailureCode {
  // eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- the trust boundary described above
  return code as FailureCode;
}
