/** A worker as a process of its own, to be killed and stopped. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { testTemporal } from './temporal';
import { cleanup } from './workflow-bench';

export interface WorkerProcess {
  readonly pid: number;
  /** False once it has gone, whatever ended it. */
  readonly running: boolean;
  signal(signal: NodeJS.Signals): void;
  /** Resolves with the exit code, null if a signal ended it. */
  readonly exited: Promise<number | null>;
}

/**
 * Starts one and waits until it takes tasks. `connections`: URLs by the name of the connection; without any it uses
 * the scripted engine, whose checkpoints die with the process.
 */
export async function startWorkerProcess(
  taskQueue: string,
  connections: Readonly<Record<string, string>> = {},
  pipelines = 1,
): Promise<WorkerProcess> {
  const { address, bundlePath } = testTemporal();
  const options = JSON.stringify({ address, codePath: bundlePath, taskQueue, connections, pipelines });
  const child = spawn(process.execPath, [join(__dirname, 'worker-child.js'), options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error('The worker process could not be started');
  let running = true;
  const exited = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => {
      running = false;
      resolve(code);
    });
  });
  cleanup(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  await Promise.race([
    firstOutput(child),
    exited.then((code) => {
      throw new Error(`The worker process ended with code ${String(code)}`);
    }),
  ]);
  return {
    pid,
    get running() {
      return running;
    },
    signal: (signal) => void child.kill(signal),
    exited,
  };
}

function firstOutput(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => child.stdout?.once('data', () => resolve()));
}
