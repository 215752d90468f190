/** MySQL and MariaDB: texts by their bytes in UTF-8; floating point numbers by the binary protocol, bit by bit. */
import type { Connection } from 'mysql2/promise';
import { createScratchDatabase } from '../../support/mysql';
import type { Flavour } from '../../support/mysql-programs';
import * as canonical from '../canonical';
import type { Field, Reading, Readings } from '../kinds';
import type { MysqlSample } from '../samples/mysql';
import type { Alterations, SourcePlace } from './place';

function written(read: (text: string) => string): Reading {
  return { sql: (column) => `CAST(${column} AS CHAR)`, canonical: (field) => read(String(field)) };
}

/** A number as the driver takes it from the bytes of the protocol. */
function binary(read: (number: number) => string): Reading {
  return {
    sql: (column) => column,
    canonical: (field) => (typeof field === 'number' ? read(field) : `not a number: ${field}`),
  };
}

const READINGS: Readings = {
  bool: {
    sql: (column) => `CAST(${column} + 0 AS CHAR)`,
    canonical: (field) => canonical.bool(String(field)),
  },
  integer: {
    sql: (column) => `CAST(${column} + 0 AS CHAR)`,
    canonical: (field) => canonical.integer(String(field)),
  },
  decimal: written(canonical.decimal),
  float32: binary(canonical.float32),
  float64: binary(canonical.float64),
  text: {
    sql: (column) => `HEX(CONVERT(${column} USING utf8mb4))`,
    canonical: (field) => canonical.bytes(String(field)),
  },
  bytes: { sql: (column) => `HEX(${column})`, canonical: (field) => canonical.bytes(String(field)) },
  date: written(canonical.date),
  time: written(canonical.time),
  'zoned time': written(canonical.zonedTime),
  timestamp: written(canonical.timestamp),
  // Columns hold it in UTC, or show it so in a session of that zone.
  'zoned timestamp': written(canonical.timestamp),
  interval: written(canonical.interval),
  uuid: written(canonical.uuid),
};

const soon = (column: string): string => `${column} + INTERVAL 1 MICROSECOND`;
const lastLetter = (column: string): string => `CONCAT(LEFT(${column}, CHAR_LENGTH(${column}) - 1), '7')`;

const ALTERATIONS: Alterations = {
  bool: (column) => `1 - ${column}`,
  integer: (column) => `${column} + 1`,
  decimal: (column) => `${column} + 0.000000000000000000000000000001`,
  float32: (column) => `${column} * 1.0000001e0`,
  float64: (column) => `${column} * 1.0000000000000002e0`,
  text: (column) => `CONCAT(${column}, ' ')`,
  bytes: (column) => `CONCAT(${column}, X'00')`,
  date: (column) => `${column} + INTERVAL 1 DAY`,
  time: (column) => `ADDTIME(${column}, '00:00:00.000001')`,
  'zoned time': lastLetter,
  timestamp: soon,
  'zoned timestamp': soon,
  interval: (column) => `REPLACE(${column}, 'T', 'T1H')`,
  uuid: lastLetter,
};

/** Strict, so that a sample says what it means; dates of any kind are let in. */
const SETTINGS = `SET SESSION sql_mode = 'STRICT_ALL_TABLES,ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO', SESSION time_zone = '+00:00'`;

export async function openMysql(flavour: Flavour, server: string): Promise<SourcePlace<MysqlSample>> {
  const database = await createScratchDatabase(server);
  const client = await database.connect();
  return {
    family: flavour,
    url: database.url,
    readings: READINGS,
    alterations: ALTERATIONS,
    tableName: (table) => table,
    rows: (sql) => rowsOf(client, sql),
    async execute(...statements) {
      for (const statement of [SETTINGS, 'BEGIN', ...statements, 'COMMIT']) await client.query(statement);
    },
    async prepare(samples) {
      const version = versionOf(await rowsOf(client, 'SELECT VERSION()'));
      return samples.filter(
        ({ only = flavour, since }) => only === flavour && version >= (since?.[flavour] ?? 0),
      );
    },
    valueOf: (_sample, literal) => literal,
    dispose: () => database.drop(),
  };
}

/** 10.11 is 1011. */
function versionOf([row]: readonly (readonly (Field | null)[])[]): number {
  const [major, minor] = String(row?.[0]).split('.').map(Number);
  return (major ?? 0) * 100 + (minor ?? 0);
}

async function rowsOf(client: Connection, sql: string): Promise<readonly (readonly (Field | null)[])[]> {
  const [rows]: readonly unknown[] = await client.execute({ sql, rowsAsArray: true });
  if (!Array.isArray(rows)) return [];
  return rows.filter((row): row is readonly (Field | null)[] => Array.isArray(row));
}
