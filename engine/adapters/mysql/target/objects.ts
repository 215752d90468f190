/** Our own tables on a target: checkpoints, rows that were set aside, keys to repair, and keys of tables that are being copied. */
import { own, TEXT_OPTIONS, type ObjectSet } from '../database';

const ASCII = 'CHARACTER SET ascii COLLATE ascii_bin';

export const TARGET_OBJECTS: ObjectSet = {
  versionKey: 'target_version',
  migrations: [
    (session) => [
      `CREATE TABLE IF NOT EXISTS ${own(session, '_cdc_pipeline')} (
  name VARCHAR(255) ${TEXT_OPTIONS} NOT NULL PRIMARY KEY,
  uuid VARCHAR(128) ${TEXT_OPTIONS} NOT NULL UNIQUE,
  source_id VARCHAR(255) ${TEXT_OPTIONS} NOT NULL,
  chain VARCHAR(255) ${TEXT_OPTIONS} NOT NULL,
  chain_ended TINYINT NOT NULL,
  generation BIGINT NOT NULL,
  epoch BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  acked_seq BIGINT NOT NULL,
  holder_host VARCHAR(255) ${TEXT_OPTIONS},
  holder_pid BIGINT,
  holder_session VARCHAR(255) ${TEXT_OPTIONS},
  position LONGTEXT ${TEXT_OPTIONS} NOT NULL,
  goal LONGTEXT ${TEXT_OPTIONS},
  last_applied_at BIGINT
) ENGINE = InnoDB`,
      `CREATE TABLE IF NOT EXISTS ${own(session, '_cdc_pipeline_table')} (
  uuid VARCHAR(128) ${TEXT_OPTIONS} NOT NULL,
  source VARCHAR(255) ${TEXT_OPTIONS} NOT NULL,
  ordinal INT NOT NULL,
  source_schema VARCHAR(255) ${TEXT_OPTIONS},
  source_table VARCHAR(255) ${TEXT_OPTIONS} NOT NULL,
  target_schema VARCHAR(255) ${TEXT_OPTIONS},
  target_table VARCHAR(255) ${TEXT_OPTIONS} NOT NULL,
  columns LONGTEXT ${TEXT_OPTIONS},
  state VARCHAR(32) ${TEXT_OPTIONS} NOT NULL,
  position LONGTEXT ${TEXT_OPTIONS},
  cause LONGTEXT ${TEXT_OPTIONS},
  cursor_key LONGTEXT ${TEXT_OPTIONS},
  replace_rows TINYINT NOT NULL,
  snapshot_rows BIGINT NOT NULL,
  inserted BIGINT NOT NULL,
  updated BIGINT NOT NULL,
  deleted BIGINT NOT NULL,
  PRIMARY KEY (uuid, source)
) ENGINE = InnoDB`,
      // `row_key` and `row_values` are JSON by column, see engine/apply/row-text.ts; a key can be too long for an index.
      `CREATE TABLE IF NOT EXISTS ${own(session, '_cdc_dead_letter')} (
  place BIGINT NOT NULL AUTO_INCREMENT UNIQUE,
  uuid VARCHAR(128) ${TEXT_OPTIONS} NOT NULL,
  id VARCHAR(100) ${TEXT_OPTIONS} NOT NULL,
  source VARCHAR(255) ${TEXT_OPTIONS} NOT NULL,
  row_key LONGTEXT ${TEXT_OPTIONS} NOT NULL,
  key_hash CHAR(64) ${ASCII} NOT NULL,
  op VARCHAR(16) ${TEXT_OPTIONS} NOT NULL,
  row_values LONGTEXT ${TEXT_OPTIONS},
  code VARCHAR(32) ${TEXT_OPTIONS} NOT NULL,
  column_name VARCHAR(255) ${TEXT_OPTIONS},
  set_aside_at BIGINT NOT NULL,
  attempts INT NOT NULL,
  retry TINYINT NOT NULL,
  PRIMARY KEY (uuid, id),
  UNIQUE (uuid, source, key_hash)
) ENGINE = InnoDB`,
      // See target/sweep.ts.
      `CREATE TABLE IF NOT EXISTS ${own(session, '_cdc_sweep')} (
  target_hash CHAR(32) ${ASCII} NOT NULL,
  key_hash BINARY(32) NOT NULL,
  PRIMARY KEY (target_hash, key_hash)
) ENGINE = InnoDB`,
    ],
    // Keys whose rows are to be made equal; `row_key` as in a dead letter.
    (session) => [
      `CREATE TABLE IF NOT EXISTS ${own(session, '_cdc_repair')} (
  place BIGINT NOT NULL AUTO_INCREMENT UNIQUE,
  uuid VARCHAR(128) ${TEXT_OPTIONS} NOT NULL,
  id VARCHAR(100) ${TEXT_OPTIONS} NOT NULL,
  source VARCHAR(255) ${TEXT_OPTIONS} NOT NULL,
  row_key LONGTEXT ${TEXT_OPTIONS} NOT NULL,
  key_hash CHAR(64) ${ASCII} NOT NULL,
  code VARCHAR(32) ${TEXT_OPTIONS},
  column_name VARCHAR(255) ${TEXT_OPTIONS},
  PRIMARY KEY (uuid, id),
  UNIQUE (uuid, source, key_hash)
) ENGINE = InnoDB`,
    ],
  ],
  tables: ['_cdc_repair', '_cdc_sweep', '_cdc_dead_letter', '_cdc_pipeline_table', '_cdc_pipeline'],
  metaNames: [],
};
