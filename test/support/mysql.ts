/** Databases and connections on a server of MySQL or MariaDB. */
import { randomBytes } from 'node:crypto';
import { createConnection, type Connection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, test } from '@jest/globals';
import { FLAVOURS, installedProgram, type Flavour, type ServerProgram } from './mysql-programs';
import { startServer, type OwnServer } from './mysql-server';
import { SHARED } from './mysql-shared';
import { isRequired } from './required';

/** How a suite gets its server. */
type Provision =
  | { readonly kind: 'shared'; readonly url: string }
  | { readonly kind: 'own'; readonly program: ServerProgram }
  | { readonly kind: 'skipped' | 'failed'; readonly reason: string };

/** `settings`: of a server that the suite has for itself. */
function provisionOf(flavour: Flavour, settings: readonly string[] | null): Provision {
  const names = SHARED[flavour];
  const error = process.env[names.error];
  if (error !== undefined) return { kind: 'failed', reason: error };
  const url = process.env[names.url] ?? '';
  if (url === '') {
    const reason = process.env[names.missing] ?? `${names.url} is not set: run the tests through Jest`;
    return { kind: isRequired(flavour) ? 'failed' : 'skipped', reason };
  }
  if (settings === null) return { kind: 'shared', url };
  const program = installedProgram(flavour);
  if (program !== null) return { kind: 'own', program };
  return { kind: 'skipped', reason: `needs a server of its own: install ${PROGRAMS[flavour]}` };
}

const NAMES: Readonly<Record<Flavour, string>> = { mysql: 'MySQL', mariadb: 'MariaDB' };
const PROGRAMS: Readonly<Record<Flavour, string>> = { mysql: 'mysqld of MySQL', mariadb: 'mariadbd' };

/** A suite on both servers; where there is none it is skipped by name, with the line that would enable it. */
export function describeServers(
  name: string,
  suite: (server: () => string, flavour: Flavour) => void,
  settings: readonly string[] = [],
): void {
  for (const flavour of FLAVOURS) {
    describeServer(name, flavour, (server) => suite(server, flavour), settings);
  }
}

/** The same in long runs; in short ones for the first server alone, where both are asked the same in the same words. */
export function describeEitherServer(
  name: string,
  suite: (server: () => string, flavour: Flavour) => void,
  settings: readonly string[] = [],
): void {
  if (process.env['CDC_LONG'] === '1') describeServers(name, suite, settings);
  else describeServer(name, 'mariadb', (server) => suite(server, 'mariadb'), settings);
}

/** A suite for each pair of servers, one and the same among them. */
export function describeServerPairs(
  name: string,
  suite: (source: () => string, target: () => string, from: Flavour, to: Flavour) => void,
): void {
  for (const from of FLAVOURS) {
    for (const to of FLAVOURS) {
      const title = `${name} from ${NAMES[from]} to ${NAMES[to]}`;
      const [source, target] = [provisionOf(from, null), provisionOf(to, null)];
      if (source.kind === 'shared' && target.kind === 'shared') {
        describe(title, () =>
          suite(
            () => source.url,
            () => target.url,
            from,
            to,
          ),
        );
      } else {
        leaveOut(title, source.kind === 'shared' ? target : source, () =>
          suite(
            () => '',
            () => '',
            from,
            to,
          ),
        );
      }
    }
  }
}

/** The same on one of them, for suites so long that each has a file of its own. */
export function describeServer(
  name: string,
  flavour: Flavour,
  suite: (server: () => string) => void,
  settings: readonly string[] = [],
): void {
  if (settings.length > 0) {
    describeOwnServer(name, flavour, (server) => suite(() => server().url), settings);
    return;
  }
  const provision = provisionOf(flavour, null);
  if (provision.kind !== 'shared') {
    leaveOut(`${name} on ${NAMES[flavour]}`, provision, () => suite(() => ''));
    return;
  }
  describe(`${name} on ${NAMES[flavour]}`, () => suite(() => provision.url));
}

/** A suite on a server that it has for itself: it may restart it. */
export function describeOwnServer(
  name: string,
  flavour: Flavour,
  suite: (server: () => OwnServer) => void,
  settings: readonly string[] = [],
): void {
  const title = `${name} on ${NAMES[flavour]}`;
  const provision = provisionOf(flavour, settings);
  const none = (): OwnServer => {
    throw new Error('The server has not started');
  };
  if (provision.kind !== 'own') {
    leaveOut(title, provision, () => suite(none));
    return;
  }
  describe(title, () => {
    let server: OwnServer | null = null;
    beforeAll(async () => {
      server = await startServer(provision.program, settings);
    });
    afterAll(async () => {
      await server?.stop();
    });
    suite(() => server ?? none());
  });
}

/** The server of this kind that the run shares. Throws where it is required and there is none. */
export function serverOf(flavour: Flavour): { readonly url?: string; readonly missing?: string } {
  const provision = orFail(provisionOf(flavour, null));
  if ('url' in provision) return { url: provision.url };
  return { missing: 'reason' in provision ? provision.reason : '' };
}

/** A server that a test may restart, and what it takes to have one. `start`: null where none can be had. */
export function ownServerOf(flavour: Flavour): {
  readonly missing?: string;
  start(): Promise<OwnServer | null>;
} {
  const provision = orFail(provisionOf(flavour, []));
  return 'program' in provision
    ? { start: () => startServer(provision.program) }
    : { missing: 'reason' in provision ? provision.reason : '', start: () => Promise.resolve(null) };
}

function orFail(provision: Provision): Provision {
  if (provision.kind === 'failed') throw new Error(provision.reason);
  return provision;
}

function leaveOut(title: string, provision: Provision, suite: () => void): void {
  const reason = 'reason' in provision ? provision.reason : '';
  if (provision.kind === 'skipped') {
    // A suite needs a test to be skipped by.
    describe.skip(`${title} (${reason})`, suite);
    return;
  }
  test(title, () => {
    throw new Error(reason);
  });
}

export interface ScratchMysql {
  readonly name: string;
  readonly url: string;
  /** Another connection, closed with the database. */
  connect(): Promise<Connection>;
  drop(): Promise<void>;
}

/** A connection that reads values as the server writes them. */
export async function connectTo(url: string): Promise<Connection> {
  const client = await createConnection({
    uri: url,
    charset: 'utf8mb4',
    supportBigNumbers: true,
    bigNumberStrings: true,
    dateStrings: true,
  });
  client.on('error', () => undefined);
  return client;
}

/** Rows as text, in the order of the columns. */
export async function select(
  client: Connection,
  sql: string,
): Promise<readonly (readonly (string | null)[])[]> {
  const [rows]: readonly unknown[] = await client.query({ sql, rowsAsArray: true });
  if (!Array.isArray(rows)) return [];
  return rows
    .filter((row): row is readonly (string | number | null)[] => Array.isArray(row))
    .map((row) => row.map((field) => (field === null ? null : String(field))));
}

/** A fresh database that nobody else uses. `server`: a URL without a database. */
export async function createScratchDatabase(server: string): Promise<ScratchMysql> {
  const name = `cdc_test_${randomBytes(6).toString('hex')}`;
  const url = `${server.replace(/\/$/, '')}/${name}`;
  const main = await connectTo(server);
  await main.query(`CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
  await main.end();
  const open: Connection[] = [];
  return {
    name,
    url,
    async connect() {
      const client = await connectTo(url);
      open.push(client);
      return client;
    },
    async drop() {
      for (const client of open) client.destroy();
      // The server may have been restarted since.
      const last = await connectTo(server);
      await last.query(`DROP DATABASE IF EXISTS ${name}`);
      await last.end();
    },
  };
}
