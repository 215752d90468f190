/** What a person reads when a verb fails: what, where, what to do. A stack trace only for those who ask for it. */
import { CommanderError } from 'commander';
import { isCdcError } from '../../engine/errors';
import { EXIT, type ExitCode, VerbError } from './outcome';
import type { Terminal } from './terminal';

interface Told {
  readonly exitCode: ExitCode;
  readonly message: string;
  readonly code: string | null;
  readonly hint: string | null;
}

function textOf(error: object, field: string): string | null {
  const value: unknown = Reflect.get(error, field);
  return typeof value === 'string' && value !== '' ? value : null;
}

/** An error that was made for people carries a hint; anything else was not expected. */
function explain(error: unknown): Told | null {
  if (error instanceof VerbError) {
    return { exitCode: error.exitCode, message: error.message, code: null, hint: error.hint };
  }
  if (!(error instanceof Error)) return null;
  const hint = textOf(error, 'hint');
  if (hint === null) return null;
  // A broken configuration explains itself line by line; its code would only stand in the way.
  const configuration = isCdcError(error, 'CONFIG_INVALID');
  const argument = isCdcError(error, 'TABLE_NOT_IN_PIPELINE') || isCdcError(error, 'DEAD_LETTER_UNKNOWN');
  return {
    exitCode: configuration || argument ? EXIT.wrongUse : EXIT.failed,
    message: error.message,
    code: configuration ? null : textOf(error, 'code'),
    hint: error.message.includes(hint) ? null : hint,
  };
}

/** Writes the error to stderr and answers how the process shall end. */
export function reportError(error: unknown, terminal: Terminal, debug: boolean): ExitCode {
  // Commander has written its own message by now; help and version are no errors.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.wrongUse;
  // The verb's report has said everything.
  if (error instanceof VerbError && error.message === '') return error.exitCode;
  const paint = terminal.sayPaint;
  const told = explain(error);
  if (told === null) {
    terminal.say(
      `${paint.red('cdc:')} unexpected: ${error instanceof Error ? error.message : String(error)}`,
    );
    if (!debug) terminal.say('     Set CDC_DEBUG=1 to see where it comes from, and report it, please.');
  } else {
    const code = told.code === null ? '' : ` ${paint.dim(`(${told.code})`)}`;
    // Each line of a configuration's problems starts with file:line:column, as editors like it.
    const prefix = /^\S+:\d+:\d+ /.test(told.message) ? '' : `${paint.red('cdc:')} `;
    terminal.say(`${prefix}${told.message}${code}`);
    if (told.hint !== null) terminal.say(`${prefix === '' ? '' : '     '}${told.hint}`);
  }
  if (debug && error instanceof Error) terminal.say(withCauses(error));
  return told?.exitCode ?? EXIT.failed;
}

function withCauses(error: Error): string {
  const stack = error.stack ?? error.message;
  return error.cause instanceof Error ? `${stack}\nCaused by: ${withCauses(error.cause)}` : stack;
}
