/**
 * One connection to a server. All values are read as the text that the server writes, so that nothing is rounded on
 * the way; who reads a row makes values of it (`rows/values.ts`).
 */
import { Client, type ClientConfig, type QueryArrayConfig, type QueryArrayResult } from 'pg';
import { CdcError, isCdcError } from '../../../errors';
import type { Allowance } from '../../../model';
import { toDatabaseError } from './errors';
import { readWithin } from './read-within';
import { SETTINGS_SQL } from './settings';
import { tlsOptions, type Address } from './url';

/** A row as the server wrote it. */
export type TextRow = readonly (string | null)[];

/** The same as the driver types it. */
type TextFields = (string | null)[];

/** What can be bound to `$1`; an array becomes an array of the server. */
export type Parameter = null | string | number | bigint | boolean | Uint8Array | readonly (string | null)[];

export type TransactionMode =
  | 'read committed'
  /** One MVCC snapshot, taken by the first statement that needs one, and no writes. */
  | 'repeatable read, read only';

export interface Session {
  /** The database's name, for messages. */
  readonly database: string;
  /** 150000 is 15.0. */
  readonly version: number;
  /** The server's process id of this connection. */
  readonly pid: number;
  /** For COPY streams; statements go through the other members, which turn errors. */
  readonly client: Client;
  /** True once the connection is gone. */
  readonly isLost: boolean;
  /**
   * Runs one statement. `prepared`: keep its plan in this session, for statements that come again. `allowance`: what its
   * rows may take; CHUNK_TOO_LARGE is thrown for more, and the connection is lost with it.
   */
  query(
    sql: string,
    parameters?: readonly Parameter[],
    options?: {
      readonly prepared?: boolean;
      readonly table?: string | undefined;
      readonly allowance?: Allowance | null;
    },
  ): Promise<readonly TextRow[]>;
  /** The first row; undefined when there is none. */
  first(sql: string, parameters?: readonly Parameter[]): Promise<TextRow | undefined>;
  /**
   * Runs statements without parameters and results, e.g. DDL; several are separated by semicolons. Answers how many
   * rows each has written.
   */
  execute(sql: string, options?: { readonly table?: string }): Promise<readonly number[]>;
  /** Commits when `work` resolves, rolls back when it throws. */
  transaction<T>(mode: TransactionMode, work: () => Promise<T>): Promise<T>;
  /**
   * A REPEATABLE READ transaction that knows its MVCC snapshot, which is asked for along with its beginning, since each
   * round trip counts. `lock` runs before the snapshot is taken.
   */
  reading<T>(work: (now: string) => Promise<T>, lock?: () => Promise<void>): Promise<T>;
  close(): Promise<void>;
}

const BEGIN: Readonly<Record<TransactionMode, string>> = {
  'read committed': 'BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE',
  'repeatable read, read only': 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY',
};

const NOW = 'SELECT pg_catalog.pg_current_snapshot()';

const OLDEST_VERSION = 130_000;

/** `role` is shown by the server beside the application's name. Throws the database codes. */
export async function openSession(address: Address, role: string): Promise<Session> {
  const client = await connect(address, `${address.applicationName}: ${role}`);
  const { database } = address;
  let lost = false;
  client.on('error', () => (lost = true));
  client.on('end', () => (lost = true));
  const names = new Map<string, string>();
  const nameOf = (sql: string): string => {
    const known = names.get(sql);
    if (known !== undefined) return known;
    const name = `cdc_${names.size}`;
    names.set(sql, name);
    return name;
  };
  const turn = (error: unknown, table?: string): CdcError => {
    if (isCdcError(error, 'CHUNK_TOO_LARGE')) {
      lost = true;
      return error;
    }
    const turned = toDatabaseError(error, database, { table, lost });
    // The driver notices the end of the connection only after the statement that it ended.
    lost ||= turned.code === 'CONNECTION_LOST';
    return turned;
  };

  /** The end of a read transaction that nobody waits for, but the next statement: one runs at a time. */
  let ending: Promise<unknown> | null = null;

  const query: Session['query'] = async (
    sql,
    parameters = [],
    { prepared = false, table, allowance = null } = {},
  ) => {
    if (ending !== null) await ending;
    const statement: QueryArrayConfig = {
      text: sql,
      values: parameters.map(bound),
      rowMode: 'array',
      ...(prepared ? { name: nameOf(sql) } : {}),
    };
    try {
      return allowance === null
        ? (await client.query<TextFields>(statement)).rows
        : await readWithin(client, statement, allowance, table);
    } catch (error) {
      throw turn(error, table);
    }
  };
  const send = async (text: string, table?: string): Promise<readonly QueryArrayResult<TextFields>[]> => {
    if (ending !== null) await ending;
    try {
      // Of several statements the driver answers an array, whatever its types say.
      return [await client.query<TextFields>({ text, rowMode: 'array' })].flat();
    } catch (error) {
      throw turn(error, table);
    }
  };
  const execute: Session['execute'] = async (sql, { table } = {}) =>
    (await send(sql, table)).map(({ rowCount }) => rowCount ?? 0);
  /** `begin` runs within the transaction, too, so that what fails of it ends it. */
  const within = async <B, T>(
    mode: TransactionMode,
    begin: () => Promise<B>,
    work: (begun: B) => Promise<T>,
  ): Promise<T> => {
    try {
      const result = await work(await begin());
      const ended: Promise<unknown> = execute('COMMIT');
      if (mode === 'read committed') await ended;
      // What was read is read, and a connection that is lost now shows at its next use.
      else ending = ended.catch(() => undefined).finally(() => (ending = null));
      return result;
    } catch (error) {
      // What failed says more than that the rollback failed, too.
      await execute('ROLLBACK').catch(() => undefined);
      throw error;
    }
  };
  try {
    await execute(SETTINGS_SQL);
    const about = await query(
      `SELECT pg_catalog.current_setting('server_version_num'), pg_catalog.pg_backend_pid()`,
    );
    const version = Number(about[0]?.[0]);
    if (version < OLDEST_VERSION) {
      throw new CdcError('CONFIG_INVALID', `Database ${database} is on a server older than PostgreSQL 13`, {
        hint: 'Upgrade the server to PostgreSQL 13 or later.',
      });
    }
    return {
      database,
      version,
      pid: Number(about[0]?.[1]),
      client,
      get isLost() {
        return lost;
      },
      query,
      first: async (sql, parameters) => (await query(sql, parameters))[0],
      execute,
      transaction: (mode, work) => within(mode, () => execute(BEGIN[mode]), work),
      reading(work, lock) {
        const mode = 'repeatable read, read only';
        const begin = async (): Promise<string> => {
          if (lock === undefined) return (await send(`${BEGIN[mode]}; ${NOW}`)).at(-1)?.rows[0]?.[0] ?? '';
          await execute(BEGIN[mode]);
          await lock();
          return (await query(NOW))[0]?.[0] ?? '';
        };
        return within(mode, begin, work);
      },
      async close() {
        if (ending !== null) await ending;
        await client.end().catch(() => undefined);
      },
    };
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
}

async function connect(address: Address, applicationName: string): Promise<Client> {
  const tls = tlsOptions(address);
  const optional = address.sslMode === 'prefer' || address.sslMode === 'allow';
  const config: ClientConfig = {
    host: address.host,
    port: address.port,
    database: address.database,
    ...(address.user === null ? {} : { user: address.user }),
    ...(address.password === null ? {} : { password: address.password }),
    application_name: applicationName,
    connectionTimeoutMillis: address.connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types: { getTypeParser: () => (text: string | Buffer) => text },
  };
  const attempt = async (ssl: ClientConfig['ssl']): Promise<Client> => {
    const client = new Client({ ...config, ssl: ssl ?? false });
    // Without a listener the loss of an idle connection would end the process.
    client.on('error', () => undefined);
    await client.connect();
    return client;
  };
  try {
    return await attempt(tls ?? undefined);
  } catch (error) {
    const refused = error instanceof Error && error.message.includes('does not support SSL');
    if (refused && optional) {
      return attempt(undefined).catch((again: unknown) => {
        throw toDatabaseError(again, address.database, { lost: true });
      });
    }
    throw refused
      ? new CdcError('LOGIN_REFUSED', `The server of database ${address.database} offers no TLS`, {
          hint: 'Switch TLS on at the server, or allow a connection without by sslmode=prefer or disable.',
        })
      : toDatabaseError(error, address.database, { lost: true });
  }
}

/** The driver sends bytes as bytes only if they are in a Buffer. */
function bound(value: Parameter): unknown {
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value;
}
