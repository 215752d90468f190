/**
 * One connection to a server. Values come as the driver reads the server's text: nothing is rounded on the way, and
 * who reads a row makes values of the model of it (`rows/values.ts`).
 */
import { once } from 'node:events';
import { createConnection, type Connection, type ConnectionOptions, type QueryOptions } from 'mysql2';
import { isCdcError, type CdcError } from '../../../errors';
import type { Allowance } from '../../../model';
import { doubtfulPlaces, readBroken } from './broken-texts';
import { toDatabaseError } from './errors';
import { bind, quote, type Parameter } from './identifiers';
import { readWithin } from './read-within';
import { settingsSql, VARIABLES_SQL } from './settings';
import { tlsOptions, type Address, type GapPolicy } from './url';

/**
 * A field as the driver reads it: integers up to 32 bits and floating point as numbers, longer integers, decimals,
 * dates and JSON as text, texts as text, bytes and BIT as bytes.
 */
export type Field = null | string | number | Uint8Array;
export type FieldRow = readonly Field[];

export type TransactionMode =
  /** One view of all tables, taken at its beginning, and no writes. */
  'snapshot' | 'write';

/** What a statement that writes has done. */
export interface Written {
  /** Rows that were found, changed or not. */
  readonly rows: number;
  /** The first number that an AUTO_INCREMENT column got, else `0`. */
  readonly insertId: string;
}

export interface StatementOptions {
  /** Display name of the table that it is about, for messages. */
  readonly table?: string | undefined;
}

export interface Session {
  /** The database's name, for messages. */
  readonly database: string;
  /** The database that holds what is ours. */
  readonly ownDatabase: string;
  readonly gaps: GapPolicy;
  /** As the server spells it, e.g. `10.11.19-MariaDB`; for people. */
  readonly version: string;
  /** The same for all connections to one server, until another takes its place. */
  readonly server: string;
  /** Names of the server's variables among those that are asked for: what it has tells what it can. */
  readonly variables: ReadonlyMap<string, string>;
  /** The server's number of this connection. */
  readonly id: number;
  /** Bytes of the largest statement. */
  readonly maxPacket: number;
  /** True once the connection is gone. */
  readonly isLost: boolean;
  /**
   * Runs one statement that answers rows; `?` outside of quotes is bound. `allowance`: what the rows may take;
   * CHUNK_TOO_LARGE is thrown for more, and the connection is lost with it.
   */
  query(
    sql: string,
    parameters?: readonly Parameter[],
    options?: StatementOptions & { readonly allowance?: Allowance | null },
  ): Promise<readonly FieldRow[]>;
  /** The first row; undefined when there is none. */
  first(sql: string, parameters?: readonly Parameter[]): Promise<FieldRow | undefined>;
  /** Runs one statement that writes, or DDL (which commits). */
  execute(sql: string, parameters?: readonly Parameter[], options?: StatementOptions): Promise<Written>;
  /** Commits when `work` resolves, rolls back when it throws. */
  transaction<T>(mode: TransactionMode, work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

const BEGIN: Readonly<Record<TransactionMode, string>> = {
  snapshot: 'START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY',
  write: 'START TRANSACTION READ WRITE',
};

/** `role` is kept for messages of the driver's attributes. Throws the database codes. */
export async function openSession(address: Address, role: string): Promise<Session> {
  const core = await connect(address, role);
  const client = core.promise();
  const { database } = address;
  let lost = false;
  core.on('error', () => (lost = true));
  core.on('end', () => (lost = true));
  const turn = (error: unknown, table?: string): CdcError => {
    if (isCdcError(error, 'CHUNK_TOO_LARGE')) {
      lost = true;
      return error;
    }
    const turned = toDatabaseError(error, database, { table, lost });
    lost ||= turned.code === 'CONNECTION_LOST' || isFatal(error);
    return turned;
  };

  /** The end of a read transaction that nobody waits for, but the next statement: one runs at a time. */
  let ending: Promise<void> | null = null;

  const send = async (
    statement: QueryOptions,
    table?: string,
    allowance: Allowance | null = null,
  ): Promise<unknown> => {
    if (ending !== null) await ending;
    const asArrays: QueryOptions = { ...statement, rowsAsArray: true };
    try {
      if (allowance !== null) return await readWithin(core, asArrays, allowance, table);
      const [result]: readonly unknown[] = await client.query(asArrays);
      return result;
    } catch (error) {
      throw turn(error, table);
    }
  };
  const query: Session['query'] = async (statement, parameters = [], { table, allowance } = {}) => {
    const sql = bind(statement, parameters);
    const rows = rowsOf(await send({ sql }, table, allowance));
    const doubtful = doubtfulPlaces(rows);
    if (doubtful.size === 0) return rows;
    return rowsOf(await send({ sql, typeCast: readBroken(doubtful, rows[0]?.length ?? 0) }, table));
  };
  const execute: Session['execute'] = async (sql, parameters = [], { table } = {}) =>
    writtenBy(await send({ sql: bind(sql, parameters) }, table));
  try {
    const variables = new Map(
      (await query(VARIABLES_SQL)).map(([name, value]): [string, string] => [String(name), String(value)]),
    );
    await execute(settingsSql(new Set(variables.keys())));
    const fact = (name: string): string => variables.get(name) ?? '';
    // Where the server folds names, it tells those of databases folded, whatever the URL says.
    const folded = (name: string): string =>
      fact('lower_case_table_names') === '0' ? name : name.toLowerCase();
    return {
      database: folded(database),
      ownDatabase: folded(address.ownDatabase),
      gaps: address.gaps,
      version: fact('version'),
      // A name of a host is another after each start of a container; replicas differ by the number, by rule.
      server: fact('server_uuid') || `server_id ${fact('server_id')}`,
      variables,
      id: core.threadId,
      maxPacket: Number(fact('max_allowed_packet')),
      get isLost() {
        return lost;
      },
      query,
      first: async (sql, parameters) => (await query(sql, parameters))[0],
      execute,
      async transaction(mode, work) {
        await execute(BEGIN[mode]);
        try {
          const result = await work();
          const ended = execute('COMMIT').then(() => undefined);
          if (mode === 'write') await ended;
          // What was read is read, and a connection that is lost now shows at its next use.
          else ending = ended.catch(() => undefined).finally(() => (ending = null));
          return result;
        } catch (error) {
          // What failed says more than that the rollback failed, too.
          await execute('ROLLBACK').catch(() => undefined);
          throw error;
        }
      },
      async close() {
        if (ending !== null) await ending;
        await client.end().catch(() => undefined);
      },
    };
  } catch (error) {
    core.destroy();
    throw error;
  }
}

/** A table or routine of ours, qualified and quoted. */
export function own(session: Pick<Session, 'ownDatabase'>, name: string): string {
  return `${quote(session.ownDatabase)}.${quote(name)}`;
}

async function connect(address: Address, role: string): Promise<Connection> {
  const tls = tlsOptions(address);
  const options: ConnectionOptions = {
    ...(address.socket === null
      ? { host: address.host, port: address.port }
      : { socketPath: address.socket }),
    database: address.database,
    ...(address.user === null ? {} : { user: address.user }),
    ...(address.password === null ? {} : { password: address.password }),
    charset: 'utf8mb4_bin',
    connectTimeout: address.connectTimeoutMs,
    enableKeepAlive: true,
    keepAliveInitialDelay: 10_000,
    supportBigNumbers: true,
    bigNumberStrings: true,
    dateStrings: true,
    jsonStrings: true,
    // `bind` has put in the parameters; the driver would look for places of its own through the whole statement.
    queryFormat: (sql) => sql,
    connectAttributes: { program_name: `temporal-cdc: ${role}` },
  };
  const attempt = async (ssl: ConnectionOptions['ssl']): Promise<Connection> => {
    const client = createConnection(ssl === undefined ? options : { ...options, ssl });
    // Throws what went wrong, too.
    await once(client, 'connect');
    // Without a listener the loss of an idle connection would end the process.
    client.on('error', () => undefined);
    return client;
  };
  try {
    return await attempt(tls ?? undefined);
  } catch (error) {
    const offersNone =
      typeof error === 'object' &&
      error !== null &&
      'code' in error &&
      error.code === 'HANDSHAKE_NO_SSL_SUPPORT';
    if (offersNone && address.sslMode === 'PREFERRED') {
      return attempt(undefined).catch((again: unknown) => {
        throw toDatabaseError(again, address.database, { lost: true });
      });
    }
    throw toDatabaseError(error, address.database, { lost: true });
  }
}

function isFatal(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'fatal' in error && error.fatal === true;
}

function rowsOf(result: unknown): readonly FieldRow[] {
  if (!Array.isArray(result)) return [];
  return result.filter((row): row is FieldRow => Array.isArray(row));
}

function writtenBy(result: unknown): Written {
  const field = (name: string): unknown =>
    typeof result === 'object' && result !== null ? Reflect.get(result, name) : undefined;
  const insertId = field('insertId');
  return {
    rows: Number(field('affectedRows') ?? 0),
    insertId: typeof insertId === 'number' || typeof insertId === 'string' ? String(insertId) : '0',
  };
}
