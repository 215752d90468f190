/** Child processes of the benchmarks: each answers one request at a time, over node's own channel. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { z } from 'zod';
import type { Workspace } from './workspace';

export interface Helper {
  readonly pid: number;
  /** Sends a request and checks the shape of the answer. Throws when the helper fails or ends. */
  request<T>(message: object, shape: z.ZodType<T>): Promise<T>;
  end(): Promise<void>;
}

const reply = z.union([
  z.object({ ok: z.literal(true), value: z.unknown() }),
  z.object({ ok: z.literal(false), problem: z.string() }),
]);

/** Starts `bench/processes/<name>`; it ends with the workspace at the latest. */
export function startHelper(workspace: Workspace, name: string): Helper {
  const child = fork(join(__dirname, '..', 'processes', `${name}.js`), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const end = async (): Promise<void> => endChild(child);
  workspace.onClose(end);
  return {
    pid: child.pid ?? 0,
    request: async (message, shape) => {
      const answer = reply.parse(await exchange(child, name, message));
      if (!answer.ok) throw new Error(`The helper ${name} failed: ${answer.problem}`);
      return shape.parse(answer.value);
    },
    end,
  };
}

function exchange(child: ChildProcess, name: string, message: object): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      child.off('message', onMessage);
      child.off('exit', onExit);
    };
    const onMessage = (answer: unknown): void => {
      settle();
      resolve(answer);
    };
    const onExit = (): void => {
      settle();
      reject(new Error(`The helper ${name} ended`));
    };
    child.on('message', onMessage);
    child.on('exit', onExit);
    child.send(message);
  });
}

/** Asks a child to end, and ends it when it does not within five seconds. */
export async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await ended;
  clearTimeout(force);
}
