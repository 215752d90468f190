#!/usr/bin/env node
/** `cdc`: hands the process's streams and environment to the program, and its outcome to the process. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { preferences, processEnvironment } from '../../worker/environment';
import type { CliContext } from './context';
import { reportError } from './errors';
import { EXIT } from './outcome';
import { createProgram } from './program';
import { createTerminal } from './terminal';

function packageVersion(): string {
  const text = readFileSync(join(__dirname, '../../../package.json'), 'utf8');
  const found: unknown = JSON.parse(text);
  const known = typeof found === 'object' && found !== null && 'version' in found;
  return known && typeof found.version === 'string' ? found.version : 'unknown';
}

async function confirm(question: string): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return false;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `)).trim());
  } finally {
    lines.close();
  }
}

/** The first signal asks for an orderly end, the second does not wait for it. */
function onInterrupt(callback: () => void): () => void {
  let interrupted = false;
  const listener = (): void => {
    if (interrupted) process.exit(EXIT.failed);
    interrupted = true;
    callback();
  };
  process.on('SIGINT', listener);
  process.on('SIGTERM', listener);
  return () => {
    process.off('SIGINT', listener);
    process.off('SIGTERM', listener);
  };
}

/** How long what was opened may take to end by itself. */
const LINGER_MS = 1_000;

async function main(): Promise<void> {
  const environment = processEnvironment();
  const { noColor, debug } = preferences(environment);
  const terminal = createTerminal(process.stdout, process.stderr, { noColor });
  // `cdc changes … | head` closes the pipe early: that is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? EXIT.done : EXIT.failed);
  });
  const context: CliContext = {
    terminal,
    environment,
    debug,
    version: packageVersion(),
    confirm,
    onInterrupt,
  };
  try {
    await createProgram(context).parseAsync(process.argv);
  } catch (error) {
    process.exitCode = reportError(error, terminal, debug);
  } finally {
    terminal.endProgress();
    // All is closed by now. A database's thread that hangs in a system call must not hold the process.
    setTimeout(() => process.exit(), LINGER_MS).unref();
  }
}

void main();
