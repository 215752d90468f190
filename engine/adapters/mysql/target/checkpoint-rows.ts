/** The checkpoint as rows of `_cdc_pipeline` and `_cdc_pipeline_table`. */
import {
  asCursor,
  asPosition,
  selectionOf,
  selectionText,
  tableStateOf,
  type Checkpoint,
  type Feeder,
  type TableCheckpoint,
} from '../../../model';
import { hasOwnTable, own, type FieldRow, type Session } from '../database';
import { flag, text, textOrNull } from './stored';

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
  if (!(await hasOwnTable(session, '_cdc_pipeline'))) return null;
  const row = await session.first(
    `SELECT ${PIPELINE_COLUMNS.join(', ')} FROM ${own(session, '_cdc_pipeline')} WHERE name = ?`,
    [name],
  );
  return row === undefined ? null : checkpointOf(row);
}

/** Whose target this database is; a pipeline that was never set up to its end comes from nowhere yet. */
export async function readFeeders(session: Session): Promise<readonly Feeder[]> {
  if (!(await hasOwnTable(session, '_cdc_pipeline'))) return [];
  const rows = await session.query(
    `SELECT name, source_id FROM ${own(session, '_cdc_pipeline')} WHERE source_id <> '' ORDER BY name`,
  );
  return rows.map(([pipeline, sourceId]) => ({ pipeline: text(pipeline), sourceId: text(sourceId) }));
}

/**
 * The row, locked until the end of the transaction; null where there is none. To be called after setup. Whoever gets it
 * also takes the named lock `marker`, as far as it is free: by that others can tell which connection has the row.
 */
export async function lockRow(session: Session, name: string, marker: string): Promise<Checkpoint | null> {
  const row = await session.first(
    `SELECT ${PIPELINE_COLUMNS.join(', ')}, GET_LOCK(?, 0) FROM ${own(session, '_cdc_pipeline')} WHERE name = ? FOR UPDATE`,
    [marker, name],
  );
  return row === undefined ? null : checkpointOf(row);
}

function checkpointOf(row: FieldRow): Checkpoint {
  const host = textOrNull(row[9]);
  const goal = textOrNull(row[13]);
  const lastAppliedAt = textOrNull(row[14]);
  return {
    uuid: text(row[0]),
    name: text(row[1]),
    sourceId: text(row[2]),
    chain: text(row[3]),
    chainEnded: flag(row[4]),
    generation: Number(row[5]),
    epoch: Number(row[6]),
    seq: Number(row[7]),
    ackedSeq: Number(row[8]),
    holder: host === null ? null : { host, pid: Number(row[10]), session: textOrNull(row[11]) },
    position: asPosition(text(row[12])),
    goal: goal === null ? null : asPosition(goal),
    lastAppliedAt: lastAppliedAt === null ? null : Number(lastAppliedAt),
  };
}

/** Inserts or replaces the row of its name. */
export async function writeCheckpoint(session: Session, checkpoint: Checkpoint): Promise<void> {
  const { holder } = checkpoint;
  await session.execute(upsertSql(session, '_cdc_pipeline', PIPELINE_COLUMNS, ['name']), [
    checkpoint.uuid,
    checkpoint.name,
    checkpoint.sourceId,
    checkpoint.chain,
    checkpoint.chainEnded,
    integer(checkpoint.generation),
    integer(checkpoint.epoch),
    integer(checkpoint.seq),
    integer(checkpoint.ackedSeq),
    holder?.host ?? null,
    holder === null ? null : integer(holder.pid),
    holder?.session ?? null,
    checkpoint.position,
    checkpoint.goal,
    checkpoint.lastAppliedAt === null ? null : integer(checkpoint.lastAppliedAt),
  ]);
}

const TABLE_COLUMNS = [
  'source_schema',
  'source_table',
  'target_schema',
  'target_table',
  'columns',
  'state',
  'position',
  'cause',
  'cursor_key',
  'replace_rows',
  'snapshot_rows',
  'inserted',
  'updated',
  'deleted',
] as const;

/** In the order in which the tables were first saved; none before setup. */
export async function readTableCheckpoints(
  session: Session,
  uuid: string,
): Promise<readonly TableCheckpoint[]> {
  if (!(await hasOwnTable(session, '_cdc_pipeline_table'))) return [];
  const rows = await session.query(
    `SELECT source, ${TABLE_COLUMNS.join(', ')} FROM ${own(session, '_cdc_pipeline_table')}
WHERE uuid = ? ORDER BY ordinal`,
    [uuid],
  );
  return rows.map(tableCheckpointOf);
}

function tableCheckpointOf(row: FieldRow): TableCheckpoint {
  const position = textOrNull(row[7]);
  const cursor = textOrNull(row[9]);
  return {
    source: text(row[0]),
    sourceTable: { schema: textOrNull(row[1]), name: text(row[2]) },
    targetTable: { schema: textOrNull(row[3]), name: text(row[4]) },
    ...selectionOf(textOrNull(row[5])),
    state: tableStateOf(text(row[6])),
    position: position === null ? null : asPosition(position),
    cause: textOrNull(row[8]),
    cursor: cursor === null ? null : asCursor(cursor),
    replace: flag(row[10]),
    snapshotRows: Number(row[11]),
    inserted: Number(row[12]),
    updated: Number(row[13]),
    deleted: Number(row[14]),
  };
}

/** Inserts or replaces these rows; a table keeps its place. */
export async function writeTableCheckpoints(
  session: Session,
  uuid: string,
  tables: readonly TableCheckpoint[],
): Promise<void> {
  const [last] =
    (await session.first(
      `SELECT COALESCE(MAX(ordinal), 0) FROM ${own(session, '_cdc_pipeline_table')} WHERE uuid = ?`,
      [uuid],
    )) ?? [];
  const keys = ['uuid', 'source', 'ordinal'];
  const sql = upsertSql(session, '_cdc_pipeline_table', [...keys, ...TABLE_COLUMNS], keys);
  for (const [index, table] of tables.entries()) {
    await session.execute(sql, [
      uuid,
      table.source,
      integer(Number(last) + 1 + index),
      table.sourceTable.schema,
      table.sourceTable.name,
      table.targetTable.schema,
      table.targetTable.name,
      selectionText(table),
      table.state,
      table.position,
      table.cause,
      table.cursor,
      table.replace,
      integer(table.snapshotRows),
      integer(table.inserted),
      integer(table.updated),
      integer(table.deleted),
    ]);
  }
}

export async function deleteTableCheckpoints(
  session: Session,
  uuid: string,
  sources: readonly string[],
): Promise<void> {
  for (const source of sources) {
    await session.execute(
      `DELETE FROM ${own(session, '_cdc_pipeline_table')} WHERE uuid = ? AND source = ?`,
      [uuid, source],
    );
  }
}

/** `kept`: what stays as it is where the row is there already. */
function upsertSql(
  session: Session,
  table: string,
  columns: readonly string[],
  kept: readonly string[],
): string {
  const marks = columns.map(() => '?').join(', ');
  const assignments = columns
    .filter((column) => !kept.includes(column))
    .map((column) => `${column} = VALUES(${column})`)
    .join(', ');
  return `INSERT INTO ${own(session, table)} (${columns.join(', ')}) VALUES (${marks})
ON DUPLICATE KEY UPDATE ${assignments}`;
}

/** A JavaScript number is bound as floating point. */
function integer(value: number): bigint {
  return BigInt(Math.trunc(value));
}
