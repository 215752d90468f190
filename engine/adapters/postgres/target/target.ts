/** A PostgreSQL database as a target: the port over its lanes. */
import type { OpenTargetOptions, PlanStep, RowSet, Target } from '../../../model';
import { sourceId } from '../capture/install';
import { createCopyWays } from '../copy/transfer';
import { qualify } from '../database/identifiers';
import { dropObjects, hasRelation, migrate, missingObjects, own, withObjectsLock } from '../database/objects';
import type { Session } from '../database/session';
import { parseUrl } from '../database/url';
import { FAMILY } from '../family';
import { digestRows } from '../rows/digest';
import { scanRows } from '../rows/scan';
import { readTables } from '../schema/tables';
import { readCheckpoint, readTableCheckpoints } from './checkpoint-rows';
import { createChunks } from './chunks';
import { createTable, planTable } from './plan-table';
import { openLanes, type Lanes } from './lanes';
import { readLetter, readLetters } from './letter-rows';
import { createMutex } from './mutex';
import { readNotices } from './notices';
import { TARGET_OBJECTS } from './objects';
import { placeTable } from './placing';
import { deleteRepairs, readRepairs } from './repair-rows';
import { sequencesOf } from './sequences';
import { createShapes } from './shapes';
import { dropSweeps } from './sweep';
import { stageSets, type ShapedSet } from './stage-rows';
import { runOnChunk, runOnControl } from './transaction';

/** Throws the database codes. Never creates a database. */
export async function openTarget({ url, readOnly }: OpenTargetOptions): Promise<Target> {
  const lanes = await openLanes(parseUrl(url), readOnly);
  return createTarget(lanes);
}

function createTarget(lanes: Lanes): Target {
  const { control } = lanes;
  const chunks = createChunks();
  const shapes = createShapes();
  const ways = createCopyWays(lanes, chunks, shapes);
  // Two transactions of one process would only wait for each other's lock on the checkpoint.
  const writing = createMutex();
  return {
    adapter: FAMILY,
    family: FAMILY,
    tables: () =>
      control.use(async (session) => [...(await readTables(session)).values()].map(({ schema }) => schema)),
    place: (table) => control.use((session) => placeTable(session, table)),
    capturedAs: () => control.use(sourceId),
    isEmpty: (table) =>
      control.use(async (session) => {
        const row = await session.first(`SELECT EXISTS (SELECT FROM ${qualify(table)})`);
        return row?.[0] !== 't';
      }),
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
        withObjectsLock(session, () =>
          session.transaction('read committed', () => migrate(session, TARGET_OBJECTS)),
        ),
      ),
    createTables: (steps) =>
      control.use((session) =>
        session.transaction('read committed', async () => {
          for (const step of steps) await createTable(session, step);
        }),
      ),

    direct: (offer) => Promise.resolve(ways.open(offer)),
    stageRows: async (sets: readonly RowSet[]) => {
      const lane = lanes.idlest();
      return lane.run(async ({ session, area, powers }) => {
        const shaped: ShapedSet[] = [];
        for (const set of sets) shaped.push(await shapes.forSet(session, set, powers));
        return chunks.keep({ lane, session, sets: await stageSets(session, area, shaped) });
      });
    },
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
        const chunk = chunks.get(on.token);
        return await writing.run(() => runOnChunk(chunk, on, work));
      } catch (error) {
        shapes.forget();
        throw error;
      } finally {
        // A chunk is spent by its transaction, whether that was committed or not: the next attempt reads it again.
        chunks.release(on.token);
      }
    },
    flush: () => control.use(flush),
    referencesHold: () => lanes.idlest().run(({ powers }) => Promise.resolve(!powers.replicaRole)),
    scan: (request) => control.use((session) => scanRows(session, request)),
    digest: (request) => control.use((session) => digestRows(session, request)),
    sequences: (requests) => control.use((session) => sequencesOf(session, requests, { raise: false })),
    uninstall: (uuid) => control.use((session) => uninstall(session, uuid)),
    async close() {
      await Promise.all([ways.close(), lanes.close()]);
    },
  };
}

/**
 * A commit that waits for the disk covers all that was committed before it; an empty one would wait for nothing, so
 * it writes.
 */
async function flush(session: Session): Promise<void> {
  if (!(await hasRelation(session, 'pipeline'))) return;
  await session.transaction('read committed', async () => {
    await session.execute(`SET LOCAL synchronous_commit = on;
UPDATE ${own('meta')} SET value = value WHERE key = 'target_version'`);
  });
}

/** Removes a pipeline, and with the last one all that is ours. */
async function uninstall(session: Session, uuid: string): Promise<void> {
  await withObjectsLock(session, () =>
    session.transaction('read committed', async () => {
      if (!(await hasRelation(session, 'pipeline'))) return;
      const targets = (await readTableCheckpoints(session, uuid)).map(({ targetTable }) => targetTable);
      await dropSweeps(session, targets);
      await deleteRepairs(session, uuid, { table: null });
      for (const table of ['dead_letter', 'pipeline_table', 'pipeline']) {
        await session.query(`DELETE FROM ${own(table)} WHERE uuid = $1`, [uuid]);
      }
      const [left] = await session.query(`SELECT EXISTS (SELECT FROM ${own('pipeline')})`);
      if (left?.[0] !== 't') await dropObjects(session, TARGET_OBJECTS);
    }),
  );
}
