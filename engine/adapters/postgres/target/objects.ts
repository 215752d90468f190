/** Our own tables on a target: checkpoints, the rows that were set aside, and keys to repair. */
import { own, type ObjectSet } from '../database/objects';

export const TARGET_OBJECTS: ObjectSet = {
  versionKey: 'target_version',
  migrations: [
    [
      `CREATE TABLE ${own('pipeline')} (
  name text COLLATE "C" PRIMARY KEY,
  uuid text COLLATE "C" NOT NULL UNIQUE,
  source_id text NOT NULL,
  chain text NOT NULL,
  chain_ended boolean NOT NULL,
  generation bigint NOT NULL,
  epoch bigint NOT NULL,
  seq bigint NOT NULL,
  acked_seq bigint NOT NULL,
  holder_host text,
  holder_pid bigint,
  holder_session text,
  position text NOT NULL,
  goal text,
  last_applied_at bigint
) WITH (fillfactor = 50)`,
      `CREATE TABLE ${own('pipeline_table')} (
  uuid text COLLATE "C" NOT NULL,
  source text COLLATE "C" NOT NULL,
  ordinal integer NOT NULL,
  source_schema text,
  source_table text NOT NULL,
  target_schema text,
  target_table text NOT NULL,
  columns text[],
  state text NOT NULL,
  position text,
  cause text,
  cursor text,
  replace_rows boolean NOT NULL,
  snapshot_rows bigint NOT NULL,
  inserted bigint NOT NULL,
  updated bigint NOT NULL,
  deleted bigint NOT NULL,
  PRIMARY KEY (uuid, source)
) WITH (fillfactor = 50)`,
      // `key` and `row_values` are JSON by column, see engine/apply/row-text.ts; a key can be too long for an index.
      `CREATE TABLE ${own('dead_letter')} (
  place bigint GENERATED ALWAYS AS IDENTITY,
  uuid text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  source text COLLATE "C" NOT NULL,
  key text NOT NULL,
  key_hash text COLLATE "C" NOT NULL,
  op text NOT NULL,
  row_values text,
  code text NOT NULL,
  column_name text,
  set_aside_at bigint NOT NULL,
  attempts integer NOT NULL,
  retry boolean NOT NULL,
  PRIMARY KEY (uuid, id),
  UNIQUE (uuid, source, key_hash)
)`,
    ],
    // Keys whose rows are to be made equal; `key` as in a dead letter.
    [
      `CREATE TABLE ${own('repair')} (
  place bigint GENERATED ALWAYS AS IDENTITY,
  uuid text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  source text COLLATE "C" NOT NULL,
  key text NOT NULL,
  key_hash text COLLATE "C" NOT NULL,
  code text,
  column_name text,
  PRIMARY KEY (uuid, id),
  UNIQUE (uuid, source, key_hash)
)`,
    ],
  ],
  drops: ['repair', 'dead_letter', 'pipeline_table', 'pipeline'].map(
    (table) => `DROP TABLE IF EXISTS ${own(table)}`,
  ),
  metaKeys: [],
};
