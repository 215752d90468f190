/** Throwaway PostgreSQL servers: a new cluster each, removed with the workspace. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../../../worker/temporal-server/free-ports';
import type { Workspace } from '../workspace';
import { connect, execute } from './client';
import { findPrograms, type Programs } from './programs';

export interface PostgresServer {
  readonly programs: Programs;
  readonly port: number;
  /** Its own programs connect by the socket in it. */
  readonly socketFolder: string;
  /** URL of one of its databases. */
  url(database: string): string;
  /** Makes an empty database and answers its URL. */
  createDatabase(name: string): Promise<string>;
}

/** For `psql` and `pgbench`, too: the superuser of these clusters. */
export const SUPERUSER = 'bench';

/** As one sets them on a machine that does not hold its data in 128 MB. Durability is left as it is by default. */
const SETTINGS: Readonly<Record<string, string>> = {
  shared_buffers: '512MB',
  max_wal_size: '8GB',
  checkpoint_timeout: '1h',
  wal_level: 'logical',
  max_connections: '60',
  max_locks_per_transaction: '1024',
};

const START_TIMEOUT_MS = 30_000;

/** Throws with the names of programs that are missing. */
export async function startPostgres(
  workspace: Workspace,
  settings: Readonly<Record<string, string>> = {},
): Promise<PostgresServer> {
  const programs = findPrograms();
  const user = serverUser();
  // Outside of the workspace's folder, which the server's user may not enter.
  const data = mkdtempSync(join(tmpdir(), 'temporal-cdc-bench-postgres-'));
  workspace.onClose(() => rmSync(data, { recursive: true, force: true }));
  if (user.uid !== undefined && user.gid !== undefined) chownSync(data, user.uid, user.gid);
  execFileSync(
    programs.initdb,
    ['-D', data, '-U', SUPERUSER, '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8'],
    {
      ...user,
      cwd: data,
      stdio: 'ignore',
    },
  );
  const [port = 0] = await freePorts('127.0.0.1', 1);
  const options = { ...SETTINGS, ...settings, port: String(port), unix_socket_directories: data };
  const server = spawn(
    programs.postgres,
    ['-D', data, ...Object.entries(options).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    { ...user, cwd: data, stdio: 'ignore' },
  );
  workspace.onClose(() => stop(server));
  const url = (database: string): string => `postgres://${SUPERUSER}@127.0.0.1:${port}/${database}`;
  await untilAnswering(server, url('postgres'));
  return {
    programs,
    port,
    socketFolder: data,
    url,
    async createDatabase(name) {
      await execute(url('postgres'), `CREATE DATABASE ${name}`);
      return url(name);
    },
  };
}

/** The server refuses to run as root: then it runs as the system's user of that name. */
function serverUser(): { readonly uid?: number; readonly gid?: number } {
  if (userInfo().uid !== 0) return {};
  const id = (flag: string): number => {
    try {
      return Number(
        execFileSync('id', [flag, 'postgres'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
      );
    } catch {
      throw new Error(
        'PostgreSQL does not run as root, and there is no system user "postgres" to run it as.',
      );
    }
  };
  return { uid: id('-u'), gid: id('-g') };
}

async function untilAnswering(server: ChildProcess, url: string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (server.exitCode === null && server.signalCode === null && Date.now() < deadline) {
    const client = await connect(url).catch(() => null);
    if (client !== null) return client.end();
    await sleep(50);
  }
  throw new Error('The PostgreSQL server of this benchmark did not start');
}

/** Ends the server; its clients are cut off. */
async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = once(server, 'exit');
  server.kill('SIGINT');
  await ended;
}
