/** Throwaway MariaDB servers, and their own replication from one to the other. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection, type Connection } from 'mysql2/promise';
import { freePorts } from '../../../worker/temporal-server/free-ports';
import type { Workspace } from '../workspace';
import { withAnyClient } from './client';

export interface MariadbServer {
  readonly port: number;
  /** URL of one of its databases. */
  url(database: string): string;
}

const START_TIMEOUT_MS = 30_000;

/** Durability is left as it is by default; a binary log of rows, as a server has that others follow. */
const SETTINGS = ['--innodb-buffer-pool-size=512M', '--innodb-log-file-size=1G', '--binlog-format=ROW'];

/** `id` tells the servers of one run apart. */
export async function startMariadb(
  workspace: Workspace,
  id: number,
  settings: readonly string[] = [],
): Promise<MariadbServer> {
  const folder = workspace.folder(`mariadb-${id}`);
  const data = join(folder, 'data');
  const user = process.getuid?.() === 0 ? ['--user=root'] : [];
  execFileSync(
    'mariadb-install-db',
    [
      '--no-defaults',
      '--auth-root-authentication-method=normal',
      '--skip-test-db',
      `--datadir=${data}`,
      ...user,
    ],
    { stdio: 'ignore' },
  );
  const [port = 0] = await freePorts('127.0.0.1', 1);
  const server = spawn(
    'mariadbd',
    [
      '--no-defaults',
      `--datadir=${data}`,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      `--socket=${join(folder, 'server.sock')}`,
      `--pid-file=${join(folder, 'server.pid')}`,
      `--log-error=${join(folder, 'server.log')}`,
      `--log-bin=${join(folder, 'log')}`,
      `--server-id=${id}`,
      ...SETTINGS,
      ...settings,
      ...user,
    ],
    { stdio: 'ignore' },
  );
  const exited = once(server, 'exit');
  workspace.onClose(async () => {
    server.kill('SIGKILL');
    await exited;
  });
  const url = (database: string): string => `mysql://root@127.0.0.1:${port}/${database}`;
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const client = await createConnection(url('')).catch(() => null);
    if (client !== null) {
      await client.end();
      return { port, url };
    }
    if (server.exitCode !== null || Date.now() > deadline) throw new Error('MariaDB did not start');
    await sleep(50);
  }
}

export interface MariadbReplication {
  pause(): Promise<void>;
  resume(): Promise<void>;
}

/** Follows all that is written from now on. The threads of the replica run from `resume` to `pause`. */
export async function replicateMariadb(
  source: MariadbServer,
  replica: MariadbServer,
): Promise<MariadbReplication> {
  const place = await withConnection(source, async (client) => {
    const [rows]: readonly unknown[] = await client.query({ sql: 'SHOW MASTER STATUS', rowsAsArray: true });
    const row: unknown = Array.isArray(rows) ? rows[0] : undefined;
    if (!Array.isArray(row)) throw new Error('The source keeps no binary log');
    return { file: String(row[0]), at: Number(row[1]) };
  });
  const onReplica = (sql: string): Promise<void> =>
    withAnyClient(replica.url(''), (client) => client.run(sql));
  await onReplica(
    `CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = ${source.port}, MASTER_USER = 'root',
      MASTER_LOG_FILE = '${place.file}', MASTER_LOG_POS = ${place.at}, MASTER_CONNECT_RETRY = 1`,
  );
  return { pause: () => onReplica('STOP SLAVE'), resume: () => onReplica('START SLAVE') };
}

async function withConnection<T>(
  server: MariadbServer,
  work: (client: Connection) => Promise<T>,
): Promise<T> {
  const client = await createConnection(server.url(''));
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
