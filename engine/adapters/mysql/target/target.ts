/** A database of MySQL or MariaDB as a target: the port over its sessions. */
import type { OpenTargetOptions, PlanStep, RowSet, TableName, Target } from '../../../model';
import { sourceId } from '../capture/install';
import {
  dropObjects,
  hasOwnTable,
  migrate,
  missingObjects,
  openSessions,
  own,
  parseUrl,
  qualify,
  withObjectsLock,
  type Session,
  type Sessions,
} from '../database';
import { namingRights } from '../diagnosis/name-rights';
import { targetRights } from '../diagnosis/target-rights';
import { FAMILY } from '../family';
import { digestRows } from '../rows/digest';
import { scanRows } from '../rows/scan';
import { readTables } from '../schema/tables';
import { readCheckpoint, readTableCheckpoints } from './checkpoint-rows';
import { flushLog } from './flush';
import { readLetter, readLetters } from './letter-rows';
import { createMutex } from './mutex';
import { readNotices } from './notices';
import { TARGET_OBJECTS } from './objects';
import { placeTable } from './placing';
import { createTable, planTable } from './plan-table';
import { prepareControl, prepareMerging } from './preparing';
import { deleteRepairs, readRepairs } from './repair-rows';
import { createShapes } from './shapes';
import { stageSets } from './stage-rows';
import { createChunks } from './staging';
import { dropSweeps } from './sweep';
import { runOnChunk, runOnControl } from './transaction';

/** A claim that waits for the checkpoint must not keep a reader waiting, nor who looks after it. */
const CONTROL_SESSIONS = 3;

/** A table that is still to be made. */
const NOT_THERE: TableName = { schema: null, name: '' };

/** Throws CONFIG_INVALID, DATABASE_MISSING and the other database codes. Never creates a database. */
export async function openTarget({ url, readOnly }: OpenTargetOptions): Promise<Target> {
  const address = parseUrl(url);
  const control = await openSessions(address, 'target', {
    most: CONTROL_SESSIONS,
    ...(readOnly ? {} : { prepare: prepareControl }),
  });
  return createTarget(control, () =>
    openSessions(address, 'target merge', { most: 1, prepare: prepareMerging }),
  );
}

function createTarget(control: Sessions, openMerging: () => Promise<Sessions>): Target {
  const chunks = createChunks();
  const shapes = createShapes();
  // Two transactions of one process would only wait for each other's lock on the checkpoint.
  const writing = createMutex();
  let merging: Promise<Sessions> | null = null;
  const mergingSessions = async (): Promise<Sessions> => {
    merging ??= openMerging();
    try {
      return await merging;
    } catch (error) {
      merging = null;
      throw error;
    }
  };
  return {
    adapter: 'mysql',
    family: FAMILY,
    tables: () =>
      control.use(async (session) => [...(await readTables(session)).values()].map(({ schema }) => schema)),
    place: (table) => control.use((session) => placeTable(session, table)),
    capturedAs: () => control.use(sourceId),
    isEmpty: (table) =>
      control.use(
        async (session) => (await session.first(`SELECT 1 FROM ${qualify(table)} LIMIT 1`)) === undefined,
      ),
    planTable: (route, sourceFamily) =>
      control.use((session) => planTable(session, route, sourceFamily === FAMILY)),
    notices: (routes, sourceFamily) =>
      control.use((session) => readNotices(session, routes, sourceFamily === FAMILY)),
    planObjects: () =>
      control.use(async (session) => {
        const missing = await missingObjects(session, TARGET_OBJECTS);
        return missing.map((sql): PlanStep => ({ on: 'target', table: null, sql }));
      }),
    installObjects: () =>
      control.use((session) =>
        namingRights(
          () => targetRights(session, []),
          () => withObjectsLock(session, () => migrate(session, TARGET_OBJECTS)),
        ),
      ),
    createTables: (steps) =>
      control.use(async (session) => {
        for (const step of steps) {
          await namingRights(
            () => targetRights(session, [NOT_THERE]),
            () => createTable(session, step),
          );
        }
      }),

    direct: () => Promise.resolve(null),
    stageRows: (sets: readonly RowSet[]) =>
      control.use(async (session) =>
        chunks.keep({ came: sets, staged: await stageSets(session, sets, shapes) }),
      ),
    discardRows(token) {
      chunks.release(token);
      return Promise.resolve();
    },

    checkpoint: (name) => control.use((session) => readCheckpoint(session, name)),
    tableCheckpoints: (uuid) => control.use((session) => readTableCheckpoints(session, uuid)),
    deadLetters: (uuid) => control.use((session) => readLetters(session, uuid, null)),
    deadLetter: (uuid, id) => control.use((session) => readLetter(session, uuid, id)),
    repairs: (uuid, query) => control.use((session) => readRepairs(session, uuid, query)),
    async transaction(on, work) {
      if (on === null) {
        shapes.forget();
        return writing.run(() => runOnControl(control, work));
      }
      try {
        const sets = chunks.get(on.token);
        const sessions = await mergingSessions();
        return await writing.run(() => runOnChunk(sessions, sets, on, work));
      } catch (error) {
        shapes.forget();
        throw error;
      } finally {
        // A chunk is spent by its transaction, whether that was committed or not: the next attempt reads it again.
        chunks.release(on.token);
      }
    },
    flush: () => control.use(flushLog),
    scan: (request) => control.use((session) => scanRows(session, request)),
    digest: (request) => control.use((session) => digestRows(session, request)),
    uninstall: (uuid) => control.use((session) => uninstall(session, uuid)),
    async close() {
      const opened = await merging?.catch(() => null);
      await Promise.all([control.close(), opened?.close()]);
    },
  };
}

/** Removes a pipeline, and with the last one all that is ours. */
async function uninstall(session: Session, uuid: string): Promise<void> {
  await withObjectsLock(session, async () => {
    if (!(await hasOwnTable(session, '_cdc_pipeline'))) return;
    const isLast = await session.transaction('write', async () => {
      const targets = (await readTableCheckpoints(session, uuid)).map(({ targetTable }) => targetTable);
      await dropSweeps(session, targets);
      await deleteRepairs(session, uuid, { table: null });
      for (const table of ['_cdc_dead_letter', '_cdc_pipeline_table', '_cdc_pipeline']) {
        await session.execute(`DELETE FROM ${own(session, table)} WHERE uuid = ?`, [uuid]);
      }
      return (await session.first(`SELECT 1 FROM ${own(session, '_cdc_pipeline')} LIMIT 1`)) === undefined;
    });
    // Dropping commits by itself.
    if (isLast) await dropObjects(session, TARGET_OBJECTS);
  });
}
