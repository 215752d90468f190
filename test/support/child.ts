/** Child processes of tests: scripts of `children/`, which talk by lines of their standard output. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface Child {
  readonly pid: number;
  /** All lines that it has printed so far. */
  readonly lines: readonly string[];
  /** Waits until it has printed a line that starts so, from the `from`th line on; returns the line. */
  said(start: string, from?: number): Promise<string>;
  /** Closes its standard input, which asks it to end, and waits until it has. Rejects when it failed. */
  stop(): Promise<void>;
  /** Sends a signal. */
  signal(name: NodeJS.Signals): void;
  /** Ends it with SIGKILL and waits until it is gone. */
  kill(): Promise<void>;
  /** For `folder.closing`: leaves no process behind. */
  close(): Promise<void>;
}

/** Runs `children/NAME` with these arguments. */
export function spawnChild(name: string, args: readonly string[]): Child {
  const script = join(__dirname, 'children', `${name}.js`);
  const child = spawn(process.execPath, ['--enable-source-maps', script, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  const errors: string[] = [];
  const listeners = new Set<() => void>();
  const tell = (): void => {
    for (const listener of [...listeners]) listener();
  };
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    tell();
  });
  child.stderr.on('data', (data: Buffer) => errors.push(data.toString()));
  // A child that is gone does not read what it is told.
  child.stdin.on('error', () => undefined);
  let ended: { readonly code: number | null } | null = null;
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      ended = { code };
      tell();
      resolve(code);
    });
  });
  const kill = async (): Promise<void> => {
    if (ended === null) child.kill('SIGKILL');
    await exited;
  };
  return {
    pid: child.pid ?? 0,
    lines,
    said: (start, from = 0) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = lines.slice(from).find((line) => line.startsWith(start));
          if (found === undefined && ended === null) return;
          listeners.delete(look);
          if (found !== undefined) resolve(found);
          else reject(new Error(`${name} ended without saying ${start}: ${errors.join('')}`));
        };
        listeners.add(look);
        look();
      }),
    async stop() {
      child.stdin.end();
      const code = await exited;
      if (code !== 0) throw new Error(`${name} failed with ${String(code)}: ${errors.join('')}`);
    },
    signal: (signal) => void child.kill(signal),
    kill,
    close: kill,
  };
}
