/**
 * Everything that a database thread can be asked to do: plain synchronous functions whose first parameter is the
 * session. The main thread calls them by name through `Connection.call`, checked against their types.
 */
import type { Session } from '../database/session';
import { sourceOperations } from '../source/operations';
import { targetOperations } from '../target/operations';

const sessionOperations = {
  /** Ends the session; the thread ends after it. */
  closeSession(session: Session): void {
    session.close();
  },
};

export const operations = { ...sessionOperations, ...sourceOperations, ...targetOperations };

export type Operations = typeof operations;
export type OperationName = keyof Operations;

/** An operation's parameters after the session. */
export type OperationArguments<K extends OperationName> = Operations[K] extends (
  session: Session,
  ...rest: infer Rest
) => unknown
  ? Rest
  : never;

export type OperationResult<K extends OperationName> = ReturnType<Operations[K]>;
