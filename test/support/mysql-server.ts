/** A MySQL or MariaDB server of the tests' own: nobody else uses it, its settings are theirs, and it can be restarted. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { freePorts } from '../../worker/temporal-server/free-ports';
import { startKept, untilAnswers, type KeptProcess } from './kept-process';
import type { Flavour, ServerProgram } from './mysql-programs';

export interface OwnServer {
  /** Of no database, with an account that may do everything. */
  readonly url: string;
  /** Ends the server, connections and all, and starts it again over the same data, with other settings where given. */
  restart(settings?: readonly string[]): Promise<void>;
  /** The same, without a word to the server: it comes back by what its log holds. */
  crash(): Promise<void>;
  stop(): Promise<void>;
}

/** What was committed outlasts a server that is killed; the machine it need not outlast, so nobody waits for the disk. */
const CARELESS: Readonly<Record<Flavour | 'both', readonly string[]>> = {
  both: [
    '--innodb-flush-log-at-trx-commit=2',
    '--innodb-flush-method=nosync',
    '--sync-binlog=0',
    '--innodb-buffer-pool-size=64M',
    '--skip-name-resolve',
  ],
  // The log of DDL, the definitions of tables and triggers.
  mariadb: ['--debug-no-sync'],
  mysql: ['--innodb-doublewrite=OFF'],
};

/** Starts a server that ends with this process. Throws with what its log says. */
export async function startServer(
  { flavour, path }: ServerProgram,
  settings: readonly string[] = [],
): Promise<OwnServer> {
  const folder = mkdtempSync(join(tmpdir(), `temporal-cdc-${flavour}-`));
  const [data, log] = [join(folder, 'data'), join(folder, 'server.log')];
  const user = process.getuid?.() === 0 ? ['--user=root'] : [];
  const [port = 0] = await freePorts('127.0.0.1', 1);
  const url = `mysql://root@127.0.0.1:${port}`;
  const start = async (given: readonly string[]): Promise<KeptProcess> => {
    const running = startKept(folder, [
      path,
      '--no-defaults',
      `--datadir=${data}`,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      `--socket=${join(folder, 'server.sock')}`,
      `--pid-file=${join(folder, 'server.pid')}`,
      `--log-error=${log}`,
      // In the data folder it would be taken for a database.
      `--tmpdir=${folder}`,
      '--max-connections=200',
      ...(flavour === 'mysql' ? ['--mysqlx=0', '--secure-file-priv=NULL'] : []),
      ...CARELESS.both,
      ...CARELESS[flavour],
      ...user,
      ...given,
    ]);
    try {
      await untilAnswers(running, async () => (await createConnection(url)).end());
    } catch (error) {
      await running.end('KILL');
      throw error;
    }
    return running;
  };
  let running: KeptProcess;
  try {
    const initialize =
      flavour === 'mariadb'
        ? [
            'mariadb-install-db',
            '--no-defaults',
            '--auth-root-authentication-method=normal',
            '--skip-test-db',
          ]
        : [path, '--no-defaults', '--initialize-insecure', '--secure-file-priv=NULL', `--log-error=${log}`];
    const initializing = startKept(folder, [...initialize, `--datadir=${data}`, ...user]);
    await initializing.gone;
    await initializing.end('TERM');
    running = await start(settings);
  } catch (error) {
    const reason = firstError(log);
    rmSync(folder, { recursive: true, force: true });
    throw new Error(`The installed ${path} did not start${reason === '' ? '' : `: ${reason}`}`, {
      cause: error,
    });
  }
  return {
    url,
    async restart(given = settings) {
      await running.end('TERM');
      running = await start(given);
    },
    async crash() {
      await running.end('KILL');
      running = await start(settings);
    },
    async stop() {
      await running.end('KILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What a server's log says first of why it ended; empty where it says nothing. */
function firstError(log: string): string {
  try {
    return /^.*\[ERROR\] (.*)$/m.exec(readFileSync(log, 'utf8'))?.[1] ?? '';
  } catch {
    // It did not even come to a log.
    return '';
  }
}
