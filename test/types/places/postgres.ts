/** PostgreSQL: values are told by what the type's own send function answers, byte by byte. */
import { createScratchDatabase, select } from '../../support/postgres';
import * as canonical from '../canonical';
import type { Reading, Readings } from '../kinds';
import type { NativeSample } from '../samples/postgres';
import type { Alterations, SourcePlace } from './place';

/** What a session must ask for, so that every value has one text. */
const SETTINGS = `SET DateStyle = 'ISO'; SET IntervalStyle = 'iso_8601'; SET TimeZone = 'UTC'; SET extra_float_digits = 3;
SET bytea_output = 'hex'; SET lc_monetary = 'C'; SET xmloption = 'content'`;

/** What an administrator can prefer, and what must not matter. */
const PREFERENCES: readonly string[] = [
  `DateStyle = 'SQL, DMY'`,
  `IntervalStyle = 'sql_standard'`,
  `TimeZone = 'Asia/Kolkata'`,
  'extra_float_digits = -15',
  `bytea_output = 'escape'`,
  `xmloption = 'document'`,
  `search_path = 'public', 'pg_catalog'`,
];

/** The bytes that the type's send function answers. */
function sent(name: string, read: (bytes: DataView) => string): Reading {
  return {
    sql: (column) => `encode(${name}(${column}), 'hex')`,
    canonical: (field) => {
      const bytes = Buffer.from(String(field), 'hex');
      return read(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    },
  };
}

/**
 * By the type's output function: a cast to text would take the blanks from a `char(5)`. A composite whose fields are
 * all NULL IS NULL, and is no NULL.
 */
const TEXT: Reading = {
  sql: (column) =>
    `CASE WHEN num_nulls(${column}) = 0 THEN encode(convert_to(format('%s', ${column}), 'UTF8'), 'hex') END`,
  canonical: (field) => canonical.bytes(String(field)),
};

function written(read: (text: string) => string): Reading {
  return { sql: (column) => `${column}::text`, canonical: (field) => read(String(field)) };
}

/** The largest number and the one below all others stand for the infinities. */
function endless(number: bigint, bits: number): string {
  const most = 2n ** BigInt(bits - 1) - 1n;
  return number === most ? 'infinity' : number === -most - 1n ? '-infinity' : String(number);
}

function microseconds(bytes: DataView): string {
  return endless(bytes.getBigInt64(0), 64);
}

const READINGS: Readings = {
  bool: written((text) => (text === 'true' ? '1' : text === 'false' ? '0' : text)),
  integer: written(canonical.integer),
  decimal: written(canonical.decimal),
  float32: sent('float4send', (bytes) => canonical.float32(bytes.getFloat32(0))),
  float64: sent('float8send', (bytes) => canonical.float64(bytes.getFloat64(0))),
  text: TEXT,
  bytes: {
    sql: (column) => `encode(${column}, 'hex')`,
    canonical: (field) => canonical.bytes(String(field)),
  },
  date: sent('date_send', (bytes) => endless(BigInt(bytes.getInt32(0)), 32)),
  time: sent('time_send', (bytes) => String(bytes.getBigInt64(0))),
  // The zone counts west of Greenwich.
  'zoned time': sent('timetz_send', (bytes) => `${bytes.getBigInt64(0)} ${0 - bytes.getInt32(8)}`),
  timestamp: sent('timestamp_send', microseconds),
  'zoned timestamp': sent('timestamptz_send', microseconds),
  interval: sent('interval_send', (bytes) =>
    [bytes.getInt32(12), bytes.getInt32(8), bytes.getBigInt64(0)].join(' '),
  ),
  uuid: {
    sql: (column) => `encode(uuid_send(${column}), 'hex')`,
    canonical: (field) => canonical.bytes(String(field)),
  },
};

const soon = (column: string): string => `${column} + interval '1 microsecond'`;

const ALTERATIONS: Alterations = {
  bool: (column) => `NOT ${column}`,
  integer: (column) => `${column} + 1`,
  decimal: (column) => `${column} + 1e-30`,
  float32: (column) => `${column} * 1.0000001::real`,
  float64: (column) => `${column} * 1.0000000000000002::float8`,
  text: (column) => `${column} || ' '`,
  bytes: (column) => `${column} || '\\x00'`,
  date: (column) => `${column} + 1`,
  time: soon,
  'zoned time': (column) => `${column} AT TIME ZONE interval '5 hours'`,
  timestamp: soon,
  'zoned timestamp': soon,
  interval: soon,
  uuid: (column) => `(left(${column}::text, -1) || '7')::uuid`,
};

export async function openPostgres(): Promise<SourcePlace<NativeSample>> {
  const database = await createScratchDatabase();
  const client = await database.connect();
  for (const preference of PREFERENCES) {
    await client.query(`ALTER DATABASE ${database.name} SET ${preference}`);
  }
  await client.query(SETTINGS);
  const execute = async (...statements: readonly string[]): Promise<void> => {
    for (const statement of ['BEGIN', ...statements, 'COMMIT']) await client.query(statement);
  };
  return {
    family: 'postgres',
    url: database.url,
    readings: READINGS,
    alterations: ALTERATIONS,
    tableName: (table) => `public.${table}`,
    rows: (sql) => select(client, sql),
    execute,
    async prepare(samples) {
      const server = await select(
        client,
        `SELECT current_setting('server_version_num'), NULL UNION ALL SELECT NULL, name FROM pg_available_extensions`,
      );
      const version = Number(server[0]?.[0]);
      const extensions = server.map(([, name]) => name);
      const known = samples.filter(
        ({ since = 0, extension }) =>
          version >= since && (extension === undefined || extensions.includes(extension)),
      );
      await execute('CREATE SCHEMA "Weird schema"');
      for (const { setup = [], extension } of known) {
        if (extension !== undefined) await execute(`CREATE EXTENSION IF NOT EXISTS ${extension}`);
        await execute(...setup);
      }
      return known;
    },
    valueOf: ({ declaration }, literal) => `(${literal})::${declaration}`,
    dispose: () => database.drop(),
  };
}
