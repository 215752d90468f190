/** Servers of the tests' own, and what makes their data: they end with this process, and take their folder with them. */
import { spawn } from 'node:child_process';

export interface KeptProcess {
  /** True once the server is gone, by itself or not. */
  readonly hasEnded: boolean;
  /** Settles when it is gone. */
  readonly gone: Promise<void>;
  /** Sends the signal and waits until the server is gone. */
  end(signal: 'INT' | 'QUIT' | 'TERM' | 'KILL'): Promise<void>;
}

/**
 * Ends the server by the signal that it reads. When its input ends, its parent is gone: then nothing is kept. A
 * terminal's Ctrl-C reaches it as well as its parent, and must not end it first. Descriptor 3 closes with the server.
 */
const KEEPER = `trap '' HUP INT
"$@" </dev/null & server=$!
exec 3>&-
read signal
kill -s "\${signal:-QUIT}" $server
wait $server
[ -n "$signal" ] || rm -rf "$PWD"`;

/** Runs a server in a folder that holds nothing but what is the server's. */
export function startKept(
  folder: string,
  command: readonly string[],
  user: { readonly uid?: number; readonly gid?: number } = {},
): KeptProcess {
  const child = spawn('sh', ['-c', KEEPER, 'sh', ...command], {
    ...user,
    cwd: folder,
    stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
  });
  const [input, , , life] = child.stdio;
  let hasEnded = false;
  input?.on('error', () => undefined);
  if (life !== undefined && life !== null && 'resume' in life) life.resume();
  const gone = new Promise<void>((resolve) => life?.once('close', resolve)).then(() => {
    hasEnded = true;
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.once('close', () => {
      hasEnded = true;
      resolve();
    });
    child.once('error', reject);
  });
  ended.catch(() => (hasEnded = true));
  return {
    get hasEnded() {
      return hasEnded;
    },
    gone,
    async end(signal) {
      input?.write(`${signal}\n`);
      await ended;
    },
  };
}

/** Tries to connect until the server answers. Throws what the last attempt failed with once the server is gone. */
export async function untilAnswers(running: KeptProcess, connect: () => Promise<void>): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const wasGone = running.hasEnded;
    try {
      await connect();
      return;
    } catch (error) {
      if (wasGone || attempt === 1200) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
