/**
 * - `TEMPORAL_BINARY_NOT_FOUND`: no way of getting the dev server's binary worked; the message lists them all.
 * - `TEMPORAL_SERVER_NOT_STARTED`: the binary ran, but no server answered; the message ends with its last output.
 */
export type TemporalServerErrorCode = 'TEMPORAL_BINARY_NOT_FOUND' | 'TEMPORAL_SERVER_NOT_STARTED';

/** Why there is no dev server, and what a person can do about it. */
export class TemporalServerError extends Error {
  override readonly name = 'TemporalServerError';

  constructor(
    readonly code: TemporalServerErrorCode,
    message: string,
    readonly hint: string,
    /** Whether the same call may succeed later without anybody doing anything. */
    readonly retryable: boolean,
  ) {
    super(message);
  }
}
