/** What capture needs in a source besides change tables and triggers, which come per table. */
import { own, TEXT_OPTIONS, type ObjectSet } from '../database';

/** Names in `_cdc_meta` that go with the source's objects. */
export const SOURCE_ID = 'source_id';

/** Counts the moments at which capture began, was made whole or got a column: positions remember theirs. */
export const EPOCH = 'epoch';

/** Locked by whoever needs a number of a transaction of its own; holds nothing. */
export const MARKER = '_cdc_marker';

export const SOURCE_OBJECTS: ObjectSet = {
  versionKey: 'source_version',
  migrations: [
    (session) => [
      // One row per captured table; its columns are explained in capture/registry.ts.
      `CREATE TABLE IF NOT EXISTS ${own(session, '_cdc_capture')} (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  table_name VARCHAR(64) ${TEXT_OPTIONS} NOT NULL UNIQUE,
  change_table VARCHAR(64) ${TEXT_OPTIONS} NOT NULL,
  suspended TINYINT NOT NULL,
  columns LONGTEXT ${TEXT_OPTIONS} NOT NULL,
  triggers LONGTEXT ${TEXT_OPTIONS} NOT NULL,
  server VARCHAR(255) ${TEXT_OPTIONS} NOT NULL,
  identity LONGTEXT ${TEXT_OPTIONS} NOT NULL,
  floor LONGTEXT ${TEXT_OPTIONS} NOT NULL,
  started BIGINT UNSIGNED NOT NULL,
  whole_since BIGINT UNSIGNED NOT NULL,
  reread_before BIGINT UNSIGNED NOT NULL,
  resync_id BIGINT UNSIGNED NOT NULL
) ENGINE = InnoDB`,
      `CREATE TABLE IF NOT EXISTS ${own(session, '_cdc_consumer')} (
  uuid VARCHAR(128) ${TEXT_OPTIONS} NOT NULL PRIMARY KEY,
  name VARCHAR(255) ${TEXT_OPTIONS} NOT NULL,
  seq BIGINT NOT NULL,
  position LONGTEXT ${TEXT_OPTIONS} NOT NULL,
  suspended TINYINT NOT NULL,
  updated_at BIGINT NOT NULL
) ENGINE = InnoDB`,
      `CREATE TABLE IF NOT EXISTS ${own(session, '_cdc_consumer_table')} (
  uuid VARCHAR(128) ${TEXT_OPTIONS} NOT NULL,
  table_name VARCHAR(64) ${TEXT_OPTIONS} NOT NULL,
  PRIMARY KEY (uuid, table_name)
) ENGINE = InnoDB`,
      `CREATE TABLE IF NOT EXISTS ${own(session, MARKER)} (one TINYINT NOT NULL PRIMARY KEY) ENGINE = InnoDB`,
    ],
  ],
  tables: ['_cdc_consumer_table', '_cdc_consumer', '_cdc_capture', MARKER],
  metaNames: [SOURCE_ID, EPOCH],
};
