/** The checkpoint as rows of `_cdc_pipeline` and `_cdc_table`. */
import {
  asCursor,
  asPosition,
  selectionOf,
  selectionText,
  tableStateOf,
  type Checkpoint,
  type Feeder,
  type Holder,
  type TableCheckpoint,
  type Tuple,
} from '../../../model';
import { hasTable } from '../database/objects';
import type { Session } from '../database/session';
import { flagOf, numberOf, numberOrNull, textOf, textOrNull } from '../database/values';

/** Null before setup. */
export function readCheckpoint(session: Session, name: string): Checkpoint | null {
  if (!hasTable(session, '_cdc_pipeline')) return null;
  const row = session.get(
    `SELECT uuid, name, source_id, chain, chain_ended, generation, epoch, seq, acked_seq,
  holder_host, holder_pid, holder_session, position, goal, last_applied_at
FROM main._cdc_pipeline WHERE name = ?`,
    name,
  );
  return row === undefined ? null : checkpointOf(row);
}

/** Whose target this database is; a pipeline that was never set up to its end comes from nowhere yet. */
export function readFeeders(session: Session): readonly Feeder[] {
  if (!hasTable(session, '_cdc_pipeline')) return [];
  return session
    .all("SELECT name, source_id FROM main._cdc_pipeline WHERE source_id <> '' ORDER BY name")
    .map(([pipeline, sourceId]) => ({ pipeline: textOf(pipeline), sourceId: textOf(sourceId) }));
}

function checkpointOf(row: Tuple): Checkpoint {
  const goal = textOrNull(row[13]);
  return {
    uuid: textOf(row[0]),
    name: textOf(row[1]),
    sourceId: textOf(row[2]),
    chain: textOf(row[3]),
    chainEnded: flagOf(row[4]),
    generation: numberOf(row[5]),
    epoch: numberOf(row[6]),
    seq: numberOf(row[7]),
    ackedSeq: numberOf(row[8]),
    holder: holderOf(row.slice(9, 12)),
    position: asPosition(textOf(row[12])),
    goal: goal === null ? null : asPosition(goal),
    lastAppliedAt: numberOrNull(row[14]),
  };
}

function holderOf([host, pid, session]: Tuple): Holder | null {
  const name = textOrNull(host);
  return name === null ? null : { host: name, pid: numberOf(pid), session: textOrNull(session) };
}

/** Inserts or replaces the row of its name. */
export function writeCheckpoint(session: Session, checkpoint: Checkpoint): void {
  const { holder } = checkpoint;
  session.run(
    `INSERT OR REPLACE INTO main._cdc_pipeline (uuid, name, source_id, chain, chain_ended, generation, epoch, seq,
  acked_seq, holder_host, holder_pid, holder_session, position, goal, last_applied_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
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
  );
}

/** In the order in which the tables were first saved; none before setup. */
export function readTableCheckpoints(session: Session, uuid: string): readonly TableCheckpoint[] {
  if (!hasTable(session, '_cdc_table')) return [];
  return session
    .all(
      `SELECT source, source_schema, source_table, target_schema, target_table, columns, state, position, cause,
  cursor, replace_rows, snapshot_rows, inserted, updated, deleted
FROM main._cdc_table WHERE uuid = ? ORDER BY ordinal`,
      uuid,
    )
    .map(tableCheckpointOf);
}

function tableCheckpointOf(row: Tuple): TableCheckpoint {
  const position = textOrNull(row[7]);
  const cursor = textOrNull(row[9]);
  return {
    source: textOf(row[0]),
    sourceTable: { schema: textOrNull(row[1]), name: textOf(row[2]) },
    targetTable: { schema: textOrNull(row[3]), name: textOf(row[4]) },
    ...selectionOf(textOrNull(row[5])),
    state: tableStateOf(textOf(row[6])),
    position: position === null ? null : asPosition(position),
    cause: textOrNull(row[8]),
    cursor: cursor === null ? null : asCursor(cursor),
    replace: flagOf(row[10]),
    snapshotRows: numberOf(row[11]),
    inserted: numberOf(row[12]),
    updated: numberOf(row[13]),
    deleted: numberOf(row[14]),
  };
}

/** Inserts or replaces these rows; a table keeps its place. */
export function writeTableCheckpoints(
  session: Session,
  uuid: string,
  tables: readonly TableCheckpoint[],
): void {
  for (const table of tables) {
    session.run(
      `INSERT OR REPLACE INTO main._cdc_table (uuid, source, ordinal, source_schema, source_table, target_schema,
  target_table, columns, state, position, cause, cursor, replace_rows, snapshot_rows, inserted, updated, deleted)
VALUES (@uuid, @source, coalesce(
    (SELECT ordinal FROM main._cdc_table WHERE uuid = @uuid AND source = @source),
    (SELECT max(ordinal) + 1 FROM main._cdc_table WHERE uuid = @uuid),
    1
  ), @sourceSchema, @sourceTable, @targetSchema, @targetTable, @columns, @state, @position, @cause, @cursor,
  @replace, @snapshotRows, @inserted, @updated, @deleted)`,
      {
        uuid,
        source: table.source,
        sourceSchema: table.sourceTable.schema,
        sourceTable: table.sourceTable.name,
        targetSchema: table.targetTable.schema,
        targetTable: table.targetTable.name,
        columns: selectionText(table),
        state: table.state,
        position: table.position,
        cause: table.cause,
        cursor: table.cursor,
        replace: integer(Number(table.replace)),
        snapshotRows: integer(table.snapshotRows),
        inserted: integer(table.inserted),
        updated: integer(table.updated),
        deleted: integer(table.deleted),
      },
    );
  }
}

export function deleteTableCheckpoints(session: Session, uuid: string, sources: readonly string[]): void {
  for (const source of sources) {
    session.run('DELETE FROM main._cdc_table WHERE uuid = ? AND source = ?', uuid, source);
  }
}

/** Who claimed a pipeline of this database last, so that a person can find a process that holds its lock. */
export function readHolders(
  session: Session,
): readonly { readonly pipeline: string; readonly holder: Holder }[] {
  if (!hasTable(session, '_cdc_pipeline')) return [];
  return session
    .all(
      `SELECT name, holder_host, holder_pid, holder_session FROM main._cdc_pipeline
WHERE holder_host IS NOT NULL ORDER BY last_applied_at DESC`,
    )
    .flatMap(([name, ...rest]) => {
      const holder = holderOf(rest);
      return holder === null ? [] : [{ pipeline: textOf(name), holder }];
    });
}

/** A JavaScript number binds as floating point; these columns hold integers. */
function integer(value: number): bigint {
  return BigInt(Math.trunc(value));
}
