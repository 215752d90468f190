/** A PostgreSQL server of the tests' own: nobody else uses it, its settings are theirs, and it can be restarted. */
import { execFileSync } from 'node:child_process';
import { chownSync, cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../worker/temporal-server/free-ports';
import { startKept, untilAnswers, type KeptProcess } from './kept-process';
import { connectTo } from './postgres';
import { embeddedPrograms, installedPrograms, type ServerPrograms } from './postgres-programs';

export interface OwnServer {
  /** Of the database `postgres`. */
  readonly url: string;
  /** Ends the server, connections and all, and starts it again over the same data. `crash`: without a checkpoint. */
  restart(how?: 'crash'): Promise<void>;
  /** Puts aside a copy of the data as it is now, for what follows here. Ends all connections. */
  keepStandby(): Promise<void>;
  /** Starts the copy in the place of the server: what was committed since it was put aside is lost. */
  goBack(): Promise<void>;
  /** The same, as a standby. */
  standBy(): Promise<void>;
  /** Ends the life of a standby. */
  promote(): Promise<void>;
  /** `standBy` and `promote`. */
  failOver(): Promise<void>;
  stop(): Promise<void>;
}

/** The server refuses to run as root; whoever it then runs as must be able to read its programs. */
interface ServerUser {
  readonly uid?: number;
  readonly gid?: number;
}

function serverUser(): ServerUser {
  if (userInfo().uid !== 0) return {};
  const id = (flag: string, name: string): number =>
    Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  for (const name of ['postgres', 'nobody']) {
    try {
      return { uid: id('-u', name), gid: id('-g', name) };
    } catch {
      // No such user: the next.
    }
  }
  throw new Error('A server that is started as root needs a user "postgres" or "nobody" to run as');
}

/**
 * Starts a server that ends with this process, whatever ends it. Null where no programs are to be had. `owned`: files
 * that must be the server's own, such as a key.
 */
export async function startServer(
  settings: Readonly<Record<string, string>> = {},
  programs: ServerPrograms | null = installedPrograms() ?? embeddedPrograms(),
  owned: readonly string[] = [],
): Promise<OwnServer | null> {
  if (programs === null) return null;
  const user = serverUser();
  const folder = mkdtempSync(join(tmpdir(), 'temporal-cdc-server-'));
  const [data, standby] = [join(folder, 'data'), join(folder, 'standby')];
  mkdirSync(data, { mode: 0o700 });
  for (const path of [folder, data, ...owned]) {
    if (user.uid !== undefined && user.gid !== undefined) chownSync(path, user.uid, user.gid);
  }
  const bin = readableBy(user, programs, folder);
  const initdb = ['-D', data, '-U', 'tester', '-A', 'trust', '--no-sync', '-E', 'UTF8', '--locale', 'C'];
  execFileSync(join(bin, 'initdb'), initdb, { ...user, stdio: 'ignore', cwd: folder });

  const [port = 0] = await freePorts('127.0.0.1', 1);
  const url = `postgres://tester@127.0.0.1:${port}/postgres`;
  const options = { port: String(port), unix_socket_directories: folder, fsync: 'off', ...settings };
  const given = Object.entries(options).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const start = async (): Promise<KeptProcess> => {
    const server = startKept(folder, [join(bin, 'postgres'), '-D', data, ...given], user);
    await untilAnswers(server, async () => (await connectTo(url)).end());
    return server;
  };
  let running = await start();
  const replace = async (as: 'primary' | 'standby'): Promise<void> => {
    await running.end('QUIT');
    rmSync(data, { recursive: true });
    renameSync(standby, data);
    if (as === 'standby') writeFileSync(join(data, 'standby.signal'), '');
    running = await start();
  };
  const promote = async (): Promise<void> => {
    const client = await connectTo(url);
    await client.query('SELECT pg_promote()');
    await client.end();
  };
  return {
    url,
    async restart(how) {
      await running.end(how === 'crash' ? 'QUIT' : 'INT');
      running = await start();
    },
    async keepStandby() {
      await running.end('INT');
      rmSync(standby, { recursive: true, force: true });
      execFileSync('cp', ['-a', data, standby]);
      running = await start();
    },
    goBack: () => replace('primary'),
    standBy: () => replace('standby'),
    promote,
    async failOver() {
      await replace('standby');
      await promote();
    },
    async stop() {
      await running.end('INT');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function readableBy(user: ServerUser, { bin, root }: ServerPrograms, folder: string): string {
  if (user.uid === undefined || root === null) return bin;
  const copy = join(folder, 'programs');
  cpSync(root, copy, { recursive: true, verbatimSymlinks: true });
  // Whoever clears up after a lost parent is the server's user.
  execFileSync('chown', ['-R', String(user.uid), copy]);
  return join(copy, 'bin');
}
