/** For callers that gave no signal. */
export const NEVER_ABORTS: AbortSignal = new AbortController().signal;
