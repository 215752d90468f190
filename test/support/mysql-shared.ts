/** The MySQL and MariaDB servers that all test files of a run share: those that URLs name, else some of the run's own. */
import { createConnection } from 'mysql2/promise';
import { FLAVOURS, installedProgram, type Flavour } from './mysql-programs';
import { startServer, type OwnServer } from './mysql-server';

/** How a server's URL, or the reason why there is none, reaches the test files. `error`: one that was named is no use. */
export const SHARED: Readonly<
  Record<Flavour, { readonly url: string; readonly missing: string; readonly error: string }>
> = {
  mysql: { url: 'CDC_TEST_MYSQL_URL', missing: 'CDC_TEST_MYSQL_MISSING', error: 'CDC_TEST_MYSQL_ERROR' },
  mariadb: {
    url: 'CDC_TEST_MARIADB_URL',
    missing: 'CDC_TEST_MARIADB_MISSING',
    error: 'CDC_TEST_MARIADB_ERROR',
  },
};

/** The program that brings a server with it, and what else would do. */
const REMEDY: Readonly<Record<Flavour, string>> = {
  mysql: `install mysqld of MySQL, or set ${SHARED.mysql.url}=mysql://root@127.0.0.1:3306`,
  mariadb: `install mariadbd, or set ${SHARED.mariadb.url}=mysql://root@127.0.0.1:3306`,
};

const servers: OwnServer[] = [];

/** Starts what is installed and not named by a URL; what is missing or fails is reported to the tests that ask for it. */
export async function startSharedMysql(): Promise<void> {
  await Promise.all(FLAVOURS.map(provide));
}

export async function stopSharedMysql(): Promise<void> {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
}

async function provide(flavour: Flavour): Promise<void> {
  const names = SHARED[flavour];
  const named = process.env[names.url] ?? '';
  if (named !== '') {
    const fault = await faultOf(flavour, named);
    if (fault !== null) process.env[names.error] = `${names.url} ${fault}`;
    return;
  }
  const program = installedProgram(flavour);
  if (program === null) {
    process.env[names.missing] = `no server: ${REMEDY[flavour]}`;
    return;
  }
  try {
    const server = await startServer(program);
    servers.push(server);
    process.env[names.url] = server.url;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    process.env[names.missing] = `${reason}: ${REMEDY[flavour]}`;
  }
}

/** Null for a server of this kind that answers. */
async function faultOf(flavour: Flavour, url: string): Promise<string | null> {
  try {
    const client = await createConnection(url);
    const [rows]: readonly unknown[] = await client.query('SELECT VERSION() AS version');
    await client.end();
    const isMariadb = JSON.stringify(rows).includes('MariaDB');
    return isMariadb === (flavour === 'mariadb') ? null : 'names a server of the other kind';
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    return `names a server that cannot be used (${code})`;
  }
}
