/** The checkpoint as rows of `cdc.pipeline` and `cdc.pipeline_table`. */
import {
  asCursor,
  asPosition,
  selectionOf,
  selectionText,
  presentText,
  tableStateOf,
  type Checkpoint,
  type Feeder,
  type TableCheckpoint,
} from '../../../model';
import { hasRelation, own } from '../database/objects';
import type { Session, TextRow } from '../database/session';

const PIPELINE_COLUMNS = [
  'uuid',
  'name',
  'source_id',
  'chain',
  'chain_ended',
  'generation',
  'epoch',
  'seq',
  'acked_seq',
  'holder_host',
  'holder_pid',
  'holder_session',
  'position',
  'goal',
  'last_applied_at',
] as const;

/** Null before setup. */
export async function readCheckpoint(session: Session, name: string): Promise<Checkpoint | null> {
  return (await hasRelation(session, 'pipeline')) ? readRow(session, name, '') : null;
}

/** Whose target this database is; a pipeline that was never set up to its end comes from nowhere yet. */
export async function readFeeders(session: Session): Promise<readonly Feeder[]> {
  if (!(await hasRelation(session, 'pipeline'))) return [];
  const rows = await session.query(
    `SELECT name, source_id FROM ${own('pipeline')} WHERE source_id <> '' ORDER BY name`,
  );
  return rows.map(([pipeline, sourceId]) => ({ pipeline: text(pipeline), sourceId: text(sourceId) }));
}

/** The row, locked until the end of the transaction; null where there is none. To be called after setup. */
export function lockRow(session: Session, name: string): Promise<Checkpoint | null> {
  return readRow(session, name, 'FOR UPDATE');
}

async function readRow(session: Session, name: string, lock: string): Promise<Checkpoint | null> {
  const [row] = await session.query(
    `SELECT ${PIPELINE_COLUMNS.join(', ')} FROM ${own('pipeline')} WHERE name = $1 ${lock}`,
    [name],
    { prepared: true },
  );
  return row === undefined ? null : checkpointOf(row);
}

function checkpointOf(row: TextRow): Checkpoint {
  const host = row[9] ?? null;
  const goal = row[13] ?? null;
  const lastAppliedAt = row[14] ?? null;
  return {
    uuid: text(row[0]),
    name: text(row[1]),
    sourceId: text(row[2]),
    chain: text(row[3]),
    chainEnded: row[4] === 't',
    generation: Number(row[5]),
    epoch: Number(row[6]),
    seq: Number(row[7]),
    ackedSeq: Number(row[8]),
    holder: host === null ? null : { host, pid: Number(row[10]), session: row[11] ?? null },
    position: asPosition(text(row[12])),
    goal: goal === null ? null : asPosition(goal),
    lastAppliedAt: lastAppliedAt === null ? null : Number(lastAppliedAt),
  };
}

/** Inserts or replaces the row of its name. */
export async function writeCheckpoint(session: Session, checkpoint: Checkpoint): Promise<void> {
  const { holder } = checkpoint;
  const marks = PIPELINE_COLUMNS.map((_, index) => `$${index + 1}`).join(', ');
  const assignments = PIPELINE_COLUMNS.map((column) => `${column} = excluded.${column}`).join(', ');
  await session.query(
    `INSERT INTO ${own('pipeline')} (${PIPELINE_COLUMNS.join(', ')}) VALUES (${marks})
ON CONFLICT (name) DO UPDATE SET ${assignments}`,
    [
      checkpoint.uuid,
      checkpoint.name,
      checkpoint.sourceId,
      checkpoint.chain,
      checkpoint.chainEnded,
      checkpoint.generation,
      checkpoint.epoch,
      checkpoint.seq,
      checkpoint.ackedSeq,
      holder?.host ?? null,
      holder?.pid ?? null,
      holder?.session ?? null,
      checkpoint.position,
      checkpoint.goal,
      checkpoint.lastAppliedAt === null ? null : Math.trunc(checkpoint.lastAppliedAt),
    ],
    { prepared: true },
  );
}

const TABLE_COLUMN_TYPES = {
  source_schema: 'text',
  source_table: 'text',
  target_schema: 'text',
  target_table: 'text',
  columns: 'text[]',
  state: 'text',
  position: 'text',
  cause: 'text',
  cursor: 'text',
  replace_rows: 'boolean',
  snapshot_rows: 'bigint',
  inserted: 'bigint',
  updated: 'bigint',
  deleted: 'bigint',
} as const;

const TABLE_COLUMNS = Object.keys(TABLE_COLUMN_TYPES);

/** In the order in which the tables were first saved; none before setup. */
export async function readTableCheckpoints(
  session: Session,
  uuid: string,
): Promise<readonly TableCheckpoint[]> {
  if (!(await hasRelation(session, 'pipeline_table'))) return [];
  const columns = TABLE_COLUMNS.map((column) => (column === 'columns' ? 'to_json(columns)' : column));
  const rows = await session.query(
    `SELECT source, ${columns.join(', ')} FROM ${own('pipeline_table')} WHERE uuid = $1 ORDER BY ordinal`,
    [uuid],
  );
  return rows.map(tableCheckpointOf);
}

function tableCheckpointOf(row: TextRow): TableCheckpoint {
  const position = row[7] ?? null;
  const cursor = row[9] ?? null;
  return {
    source: text(row[0]),
    sourceTable: { schema: row[1] ?? null, name: text(row[2]) },
    targetTable: { schema: row[3] ?? null, name: text(row[4]) },
    ...selectionOf(selectionIn(row[5] ?? null)),
    state: tableStateOf(text(row[6])),
    position: position === null ? null : asPosition(position),
    cause: row[8] ?? null,
    cursor: cursor === null ? null : asCursor(cursor),
    replace: row[10] === 't',
    snapshotRows: Number(row[11]),
    inserted: Number(row[12]),
    updated: Number(row[13]),
    deleted: Number(row[14]),
  };
}

/** Inserts or replaces these rows, in one statement; a table keeps its place. */
export async function writeTableCheckpoints(
  session: Session,
  uuid: string,
  tables: readonly TableCheckpoint[],
): Promise<void> {
  const types = Object.entries(TABLE_COLUMN_TYPES).map(([column, type]) => `${column} ${type}`);
  const assignments = TABLE_COLUMNS.map((column) => `${column} = excluded.${column}`).join(', ');
  const records = tables.map((table, place) => ({ place, source: table.source, ...recordOf(table) }));
  await session.query(
    `INSERT INTO ${own('pipeline_table')} (uuid, source, ordinal, ${TABLE_COLUMNS.join(', ')})
SELECT $1, source, (SELECT coalesce(max(ordinal), 0) FROM ${own('pipeline_table')} WHERE uuid = $1) + 1 + place,
  ${TABLE_COLUMNS.join(', ')}
FROM json_to_recordset($2) AS t(place int, source text, ${types.join(', ')}) ORDER BY place
ON CONFLICT (uuid, source) DO UPDATE SET ${assignments}`,
    [uuid, JSON.stringify(records)],
    { prepared: true },
  );
}

/**
 * `columns` is an array of their names. What it has no place for is written as text behind an empty name, which no
 * column has.
 */
function selectionList(table: TableCheckpoint): readonly (string | null)[] | null {
  const { columns, where, rename, types = null } = table;
  return where === null && rename === null && types === null ? columns : ['', selectionText(table)];
}

/** Of the array as JSON. */
function selectionIn(json: string | null): string | null {
  const parsed: unknown = json === null ? null : JSON.parse(json);
  if (!Array.isArray(parsed) || parsed[0] !== '') return json;
  const written: unknown = parsed[1];
  return typeof written === 'string' ? written : json;
}

function recordOf(table: TableCheckpoint): Readonly<Record<keyof typeof TABLE_COLUMN_TYPES, unknown>> {
  return {
    source_schema: table.sourceTable.schema,
    source_table: table.sourceTable.name,
    target_schema: table.targetTable.schema,
    target_table: table.targetTable.name,
    columns: selectionList(table),
    state: table.state,
    position: table.position,
    cause: table.cause,
    cursor: table.cursor,
    replace_rows: table.replace,
    snapshot_rows: table.snapshotRows,
    inserted: table.inserted,
    updated: table.updated,
    deleted: table.deleted,
  };
}

export async function deleteTableCheckpoints(
  session: Session,
  uuid: string,
  sources: readonly string[],
): Promise<void> {
  await session.query(`DELETE FROM ${own('pipeline_table')} WHERE uuid = $1 AND source = ANY ($2)`, [
    uuid,
    sources,
  ]);
}

function text(value: string | null | undefined): string {
  return presentText(value, 'table checkpoint');
}
