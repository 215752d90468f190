/** The one place where an error of the engine becomes a failure that Temporal stores, retries or not. */
import { ApplicationFailure, log } from '@temporalio/activity';
import { isCdcError, summarizeError } from '../engine';

/**
 * A failure whose `type` is the error's code, with the code's facts as its one detail. The error itself is never its
 * `cause`: that would carry the driver's text, which can hold row values, into the history.
 */
export function toFailure(error: unknown): ApplicationFailure {
  const { code, message, hint, retryable } = summarizeError(error);
  if (!isCdcError(error) || code === 'INTERNAL') logUnexpected(error);
  return ApplicationFailure.create({
    type: code,
    message,
    nonRetryable: !retryable,
    details: [{ code, message, hint, retryable }],
  });
}

/** What nobody thought of has to be found: where it was thrown may be logged, what it says may not. */
function logUnexpected(error: unknown): void {
  log.error('Unexpected error', { frames: framesOf(error) });
}

function framesOf(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return [];
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return [...frames.map((line) => line.trim()), ...framesOf(error.cause)];
}
