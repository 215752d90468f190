/** What the client throws: a code for programs, a hint for people. Built from names, never from a server's text. */
import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  isGrpcServiceError,
} from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, TerminatedFailure } from '@temporalio/common';
import { REFUSED } from '../workflows/messages';
import type { FailureCode } from '../workflows/messages';

/**
 * `NO_WORKER`: nobody takes the queue's tasks. `NOT_FOUND`: no such pipeline runs. `ALREADY_RUNNING`: one of that
 * name does. `REFUSED`: not possible in the pipeline's state, or with these values. `UNREACHABLE`: the Temporal server
 * does not answer. `TIMEOUT`: workers live, but the answer did not come in time. `FAILED`: anything else.
 */
export type ClientErrorCode =
  'NO_WORKER' | 'NOT_FOUND' | 'ALREADY_RUNNING' | 'REFUSED' | 'UNREACHABLE' | 'TIMEOUT' | 'FAILED';

/** The one error type of the client. What failed in the pipeline itself has the engine's code. */
export class CdcClientError extends Error {
  override readonly name = 'CdcClientError';

  constructor(
    readonly code: ClientErrorCode | FailureCode,
    message: string,
    readonly hint: string,
  ) {
    super(message);
  }
}

/** What the error of a call that concerns one pipeline means. */
export function toClientError(error: unknown, pipeline: string): CdcClientError {
  if (error instanceof CdcClientError) return error;
  if (error instanceof WorkflowExecutionAlreadyStartedError) {
    return new CdcClientError(
      'ALREADY_RUNNING',
      `A pipeline of the name ${pipeline} is running already`,
      `Look at it with \`cdc status ${pipeline}\`; to start it anew, stop it first.`,
    );
  }
  if (error instanceof WorkflowNotFoundError) {
    return new CdcClientError(
      'NOT_FOUND',
      `No pipeline of the name ${pipeline} is running`,
      '`cdc list` shows what runs; `cdc start` starts one.',
    );
  }
  if (error instanceof WorkflowUpdateFailedError || error instanceof WorkflowFailedError) {
    return ofFailure(error.cause, pipeline);
  }
  if (isGrpcServiceError(error) || (error instanceof Error && isGrpcServiceError(error.cause))) {
    return unreachable();
  }
  return new CdcClientError(
    'FAILED',
    `The request failed unexpectedly (${error instanceof Error ? error.name : typeof error})`,
    'Check that client, worker and Temporal server are of matching versions.',
  );
}

/** The server does not answer, or answers that it can't. */
export function unreachable(address?: string): CdcClientError {
  const where = address === undefined ? '' : ` at ${address}`;
  return new CdcClientError(
    'UNREACHABLE',
    `The Temporal server${where} does not answer`,
    'Check that it is running and that address, namespace and credentials are right.',
  );
}

function ofFailure(cause: Error | undefined, pipeline: string): CdcClientError {
  if (cause instanceof ApplicationFailure) {
    if (cause.type === REFUSED) {
      return new CdcClientError('REFUSED', cause.message, `Look at it with \`cdc status ${pipeline}\`.`);
    }
    const hint = hintOf(cause.details?.[0]);
    if (hint !== null) return new CdcClientError(codeOf(cause.type), cause.message, hint);
  }
  const how =
    cause instanceof TerminatedFailure
      ? 'was terminated'
      : cause instanceof CancelledFailure
        ? 'was cancelled'
        : 'ended before it answered';
  return new CdcClientError(
    'FAILED',
    `Pipeline ${pipeline} ${how}`,
    `Look at it with \`cdc status ${pipeline}\`.`,
  );
}

/** Our own workflow writes it beside the code, so a failure that has one is ours. */
function hintOf(detail: unknown): string | null {
  if (typeof detail !== 'object' || detail === null || !('hint' in detail)) return null;
  return typeof detail.hint === 'string' ? detail.hint : null;
}

function codeOf(type: string | null | undefined): FailureCode | 'FAILED' {
  // A worker of a newer version may know codes that this client does not: they pass as they are.
  // eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- the trust boundary described above
  return (type ?? 'FAILED') as FailureCode | 'FAILED';
}
