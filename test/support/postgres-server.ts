/** A PostgreSQL server of a test's own, where its settings matter. Needs the server's programs on this machine. */
import { execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

export interface OwnServer {
  /** Of the database `postgres`. */
  readonly url: string;
  stop(): Promise<void>;
}

function programs(): string | null {
  try {
    const folder = execFileSync('pg_config', ['--bindir'], { encoding: 'utf8' }).trim();
    return existsSync(join(folder, 'initdb')) ? folder : null;
  } catch {
    return null;
  }
}

/** The server refuses to run as root: then it runs as the system's user of that name. */
function runAs(): { readonly uid?: number; readonly gid?: number } | null {
  if (userInfo().uid !== 0) return {};
  try {
    const id = (flag: string): number =>
      Number(
        execFileSync('id', [flag, 'postgres'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
      );
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    return null;
  }
}

/** Null where the programs are not to be had. */
export async function startServer(settings: Readonly<Record<string, string>>): Promise<OwnServer | null> {
  const [folder, user] = [programs(), runAs()];
  if (folder === null || user === null) return null;
  const data = mkdtempSync(join(tmpdir(), 'temporal-cdc-server-'));
  if (user.uid !== undefined && user.gid !== undefined) chownSync(data, user.uid, user.gid);
  const port = await freePort();
  execFileSync(
    join(folder, 'initdb'),
    ['-D', data, '-U', 'tester', '-A', 'trust', '--no-sync', '-E', 'UTF8'],
    {
      ...user,
      stdio: 'ignore',
      cwd: data,
    },
  );
  const options = { port: String(port), unix_socket_directories: data, fsync: 'off', ...settings };
  const server = spawn(
    join(folder, 'postgres'),
    ['-D', data, ...Object.entries(options).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    { ...user, stdio: 'ignore', cwd: data },
  );
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  return {
    url: `postgres://tester@127.0.0.1:${port}/postgres`,
    async stop() {
      server.kill('SIGINT');
      await ended;
      rmSync(data, { recursive: true, force: true });
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}
