/** Servers of MySQL and MariaDB for tests: those that the environment names, else of the tests' own where one is installed. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';

export type Flavour = 'mysql' | 'mariadb';

const VARIABLES: Readonly<Record<Flavour, string>> = {
  mysql: 'CDC_TEST_MYSQL_URL',
  mariadb: 'CDC_TEST_MARIADB_URL',
};

export interface TestServer {
  /** Of no database, with an account that may do everything. */
  readonly url: string;
  stop(): Promise<void>;
}

/** How tests get a server. */
export interface ServerSource {
  /** For the name of a suite: why it is skipped and what would enable it; empty where it is not. */
  readonly missing: string;
  start(): Promise<TestServer>;
}

/** A server that is named in the environment, else an installed program; `settings` always take a server of one's own. */
export function serverSource(flavour: Flavour, settings: readonly string[] = []): ServerSource {
  const url = process.env[VARIABLES[flavour]];
  if (url !== undefined && url !== '' && settings.length === 0) {
    return { missing: '', start: () => Promise.resolve({ url, stop: () => Promise.resolve() }) };
  }
  const program = installedProgram(flavour);
  if (program !== null) return { missing: '', start: () => startServer(program, settings) };
  const needed = settings.length === 0 ? `set ${VARIABLES[flavour]}=mysql://root@127.0.0.1:3306, or ` : '';
  const missing = `no server: ${needed}install ${flavour === 'mysql' ? 'mysqld' : 'mariadbd'}`;
  if (isRequired(flavour)) throw new Error(`CDC_TEST_REQUIRE names ${flavour}, but there is ${missing}`);
  return { missing, start: () => Promise.reject(new Error(missing)) };
}

/** `CDC_TEST_REQUIRE=sqlite,postgres,mysql,mariadb`: what is missing fails instead of being skipped. */
function isRequired(flavour: Flavour): boolean {
  return (process.env['CDC_TEST_REQUIRE'] ?? '').split(',').some((name) => name.trim() === flavour);
}

interface Program {
  readonly flavour: Flavour;
  readonly path: string;
}

/** MariaDB installs itself under the name `mysqld`, too. */
function installedProgram(flavour: Flavour): Program | null {
  for (const path of flavour === 'mysql' ? ['mysqld'] : ['mariadbd', 'mysqld']) {
    try {
      const version = execFileSync(path, ['--no-defaults', '--version'], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      if (version.includes('MariaDB') === (flavour === 'mariadb')) return { flavour, path };
    } catch {
      // Not installed under this name: the next.
    }
  }
  return null;
}

/** Ends the server when its input does: its parent is gone then, and nothing is kept. */
const KEEPER = `"$@" </dev/null & server=$!
read line
kill $server
wait $server
rm -rf "$PWD"`;

async function startServer({ flavour, path }: Program, settings: readonly string[]): Promise<TestServer> {
  const folder = mkdtempSync(join(tmpdir(), `temporal-cdc-${flavour}-`));
  const data = join(folder, 'data');
  const user = process.getuid?.() === 0 ? ['--user=root'] : [];
  const options = { cwd: folder, stdio: 'ignore' as const };
  if (flavour === 'mariadb') {
    const install = ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal'];
    execFileSync('mariadb-install-db', [...install, '--skip-test-db', ...user], options);
  } else {
    execFileSync(path, ['--no-defaults', '--initialize-insecure', `--datadir=${data}`, ...user], options);
  }
  const port = await freePort();
  const child = spawn(
    'sh',
    [
      '-c',
      KEEPER,
      'sh',
      path,
      '--no-defaults',
      `--datadir=${data}`,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      `--socket=${join(folder, 'server.sock')}`,
      `--pid-file=${join(folder, 'server.pid')}`,
      '--innodb-flush-log-at-trx-commit=0',
      '--max-connections=200',
      ...(flavour === 'mysql' ? ['--mysqlx=0'] : []),
      ...user,
      ...settings,
    ],
    { cwd: folder, stdio: ['pipe', 'ignore', 'ignore'] },
  );
  child.stdin.on('error', () => undefined);
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const url = `mysql://root@127.0.0.1:${port}`;
  await untilUp(url, child);
  return {
    url,
    async stop() {
      child.stdin.end();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function untilUp(url: string, child: { readonly exitCode: number | null }): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await (await createConnection(url)).end();
      return;
    } catch (error) {
      if (child.exitCode !== null || attempt === 1200) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
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
