import { type ChildProcess, spawn, spawnSync } from 'node:child_process';

const bound = new Set<ChildProcess>();
let handlersInstalled = false;

/**
 * Starts a child process that doesn't outlive this one: not when this one ends or is told to end by a signal,
 * and on Linux not even when it is killed (SIGKILL), as far as `setpriv` is installed.
 *
 * The child gets a process group of its own, so that Ctrl-C in a terminal reaches this process alone, which can
 * then bring its worker to rest while the server is still there.
 *
 * @returns the child, with stdout and stderr as pipes.
 */
export function spawnBoundChild(program: string, args: readonly string[], env: NodeJS.ProcessEnv) {
  installHandlers();
  const [file, ...rest] = [...parentDeathPrefix(env), program, ...args];
  const child = spawn(file ?? program, rest, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  bound.add(child);
  const forget = () => bound.delete(child);
  child.once('error', forget);
  child.once('exit', forget);
  return child;
}

/** `setpriv` becomes the program that it starts, so the child's pid is that of the program. */
function parentDeathPrefix(env: NodeJS.ProcessEnv): readonly string[] {
  if (process.platform !== 'linux') return [];
  const works = spawnSync('setpriv', ['--pdeathsig', 'KILL', 'true'], { env }).status === 0;
  return works ? ['setpriv', '--pdeathsig', 'KILL'] : [];
}

function installHandlers(): void {
  if (handlersInstalled) return;
  handlersInstalled = true;
  process.on('exit', killAll);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    const onSignal = () => {
      // Somebody else listens too: they decide when this process ends, and `exit` follows.
      if (process.listenerCount(signal) > 1) return;
      killAll();
      process.off(signal, onSignal);
      process.kill(process.pid, signal);
    };
    process.on(signal, onSignal);
  }
}

function killAll(): void {
  for (const child of bound) child.kill('SIGKILL');
}
