/** How a verb ends. Scripts compare these numbers: they never change. */

export const EXIT = {
  /** Done; healthy; equal. */
  done: 0,
  /** Failed; not healthy; not equal; not caught up in time. */
  failed: 1,
  /** Wrong use: arguments or configuration. */
  wrongUse: 2,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A verb's end that a person shall read about: what, where, and what to do. */
export class VerbError extends Error {
  override readonly name = 'VerbError';
  readonly exitCode: ExitCode;
  readonly hint: string | null;

  constructor(exitCode: ExitCode, message: string, hint: string | null = null) {
    super(message);
    this.exitCode = exitCode;
    this.hint = hint;
  }
}

/** Arguments that make no sense. */
export function wrongUse(message: string, hint: string | null = null): VerbError {
  return new VerbError(EXIT.wrongUse, message, hint);
}

/** The verb did not succeed. */
export function failed(message: string, hint: string | null = null): VerbError {
  return new VerbError(EXIT.failed, message, hint);
}
