import { spawn } from 'node:child_process';

/** How a program is run by `runToEnd`. */
export interface RunOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Milliseconds after which the program is killed. */
  readonly timeoutMs: number;
}

/**
 * Runs a program to its end and returns what it wrote to stdout.
 *
 * @throws Error with the end of its stderr if it can't be run, exits with another code than 0, or takes too long.
 */
export function runToEnd(
  program: string,
  args: readonly string[],
  { env, timeoutMs }: RunOptions,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    let timedOut = false;
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-4000)));
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill('SIGKILL');
    }, timeoutMs);
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      if (timedOut) reject(new Error(`took longer than ${timeoutMs / 1000} s`));
      else if (code === 0) resolve(stdout);
      else reject(new Error(lastLines(stderr, 3) || `ended with ${signal ?? `exit code ${code ?? '?'}`}`));
    });
  });
}

/** The last lines of a text that say something, joined to one line. */
function lastLines(text: string, count: number): string {
  const lines = text.split('\n').map((line) => line.trim());
  return lines
    .filter((line) => line !== '')
    .slice(-count)
    .join(' | ');
}
