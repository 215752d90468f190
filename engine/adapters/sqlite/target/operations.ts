/** What a target's thread can do. */
import type {
  Checkpoint,
  ChunkSummary,
  PlanStep,
  RowSet,
  SetAside,
  TableCheckpoint,
  TableName,
  TableSchema,
  Tuple,
} from '../../../model';
import { sourceId } from '../capture/install';
import { attachSource } from '../attached/attach';
import {
  deleteTableCheckpoints,
  readCheckpoint,
  readTableCheckpoints,
  writeCheckpoint,
  writeTableCheckpoints,
} from './checkpoint-rows';
import { CdcError } from '../../../errors';
import { flushLog } from '../database/flush';
import { quote } from '../database/identifiers';
import { deleteLetters, flagLetters, readLetter, readLetters, writeLetters } from './letter-rows';
import { deleteRepairs, readRepairs, writeRepairs } from './repair-rows';
import { nameTaken, ownerOfName } from './names';
import { mergeChunk, type MergeRequest } from './merge';
import {
  dropObjects,
  hasTable,
  isOwnName,
  migrate,
  missingObjects,
  TARGET_OBJECTS,
} from '../database/objects';
import { readTables } from '../schema/schema';
import type { Session } from '../database/session';
import { stageRows } from './stage-rows';
import { dropSweeps } from './sweep';
import { releaseChunk, stagedChunk } from './staging';
import { touchedKeys } from './touched';
import { defineRoutes, forgetRoutes, stageAttached, type AttachedChunkRequest } from '../attached/transfer';
import { flagOf, textOf } from '../database/values';
import { beginWrite, commit, inWriteTransaction, rollback } from './transaction';

export const targetOperations = {
  targetTables(session: Session): readonly TableSchema[] {
    return readTables(session);
  },
  isEmpty(session: Session, table: TableName): boolean {
    return !flagOf(session.get(`SELECT EXISTS (SELECT 1 FROM main.${quote(table.name)})`)?.[0]);
  },
  targetTriggers(session: Session): readonly { readonly table: string; readonly name: string }[] {
    return session
      .all("SELECT tbl_name, name FROM main.sqlite_schema WHERE type = 'trigger'")
      .map(([table, name]) => ({ table: textOf(table), name: textOf(name) }))
      .filter(({ name }) => !isOwnName(name));
  },
  capturedAs(session: Session): string | null {
    return sourceId(session);
  },
  ownerOfName(session: Session, name: string): string | null {
    return ownerOfName(session, name);
  },
  createTables(session: Session, steps: readonly PlanStep[]): void {
    inWriteTransaction(session, () => {
      for (const { table, sql } of steps) {
        // Looked at when it was planned, but somebody may have been faster.
        const owner = table === null ? null : ownerOfName(session, table);
        if (table !== null && owner !== null) {
          throw owner === 'table'
            ? new CdcError('SCHEMA_MOVED', `Target table ${table} was made by somebody else meanwhile`, {
                table,
              })
            : nameTaken(table, owner);
        }
        session.db.exec(sql);
      }
    });
  },

  missingTargetObjects(session: Session): readonly string[] {
    return missingObjects(session, TARGET_OBJECTS);
  },
  installTargetObjects(session: Session): void {
    inWriteTransaction(session, () => {
      migrate(session, TARGET_OBJECTS);
    });
  },
  /** Removes a pipeline, and with the last one all that is ours. */
  uninstallTarget(session: Session, uuid: string): void {
    inWriteTransaction(session, () => {
      if (!hasTable(session, '_cdc_pipeline')) return;
      dropSweeps(
        session,
        readTableCheckpoints(session, uuid).map(({ targetTable }) => targetTable),
      );
      deleteRepairs(session, uuid, { table: null });
      for (const table of ['_cdc_dead_letter', '_cdc_table', '_cdc_pipeline']) {
        session.run(`DELETE FROM main.${table} WHERE uuid = ?`, uuid);
      }
      const others = flagOf(session.get('SELECT EXISTS (SELECT 1 FROM main._cdc_pipeline)')?.[0]);
      if (!others) dropObjects(session, TARGET_OBJECTS);
    });
  },

  /** False where SQLite cannot attach this source. */
  attach(session: Session, locator: string): boolean {
    return attachSource(session, locator) !== null;
  },
  defineRoutes,
  forgetRoutes,
  stageAttached(session: Session, request: AttachedChunkRequest): ChunkSummary {
    return stageAttached(session, request);
  },
  stageRows(session: Session, token: number, sets: readonly RowSet[]): void {
    stageRows(session, token, sets);
  },
  release(session: Session, token: number): void {
    releaseChunk(session, token);
  },

  begin: beginWrite,
  commit,
  rollback,
  checkpoint(session: Session, name: string): Checkpoint | null {
    return readCheckpoint(session, name);
  },
  saveCheckpoint(session: Session, checkpoint: Checkpoint): void {
    writeCheckpoint(session, checkpoint);
  },
  tableCheckpoints(session: Session, uuid: string): readonly TableCheckpoint[] {
    return readTableCheckpoints(session, uuid);
  },
  saveTables(session: Session, uuid: string, tables: readonly TableCheckpoint[]): void {
    writeTableCheckpoints(session, uuid, tables);
  },
  removeTables(session: Session, uuid: string, sources: readonly string[]): void {
    deleteTableCheckpoints(session, uuid, sources);
  },
  merge(session: Session, request: MergeRequest): readonly SetAside[] {
    return mergeChunk(session, request);
  },
  touched(session: Session, token: number, table: string, keys: readonly Tuple[]): readonly boolean[] {
    const found = touchedKeys(session, stagedChunk(session, token) ?? [], table, keys);
    return keys.map((_, place) => found.has(place));
  },
  deadLetters: readLetters,
  deadLetter: readLetter,
  saveDeadLetters: writeLetters,
  flagDeadLetters: flagLetters,
  removeDeadLetters: deleteLetters,
  repairs: readRepairs,
  saveRepairs: writeRepairs,
  removeRepairs: deleteRepairs,
  flush(session: Session): void {
    flushLog(session);
  },
};
