/** Transactions of a target: on a control session, or on the one that merges chunks. */
import { CdcError } from '../../../errors';
import type { StagedChunk, TargetTransaction } from '../../../model';
import type { Session, Sessions } from '../database';
import {
  deleteTableCheckpoints,
  lockRow,
  readTableCheckpoints,
  writeCheckpoint,
  writeTableCheckpoints,
} from './checkpoint-rows';
import { deleteLetters, flagLetters, readLetters, writeLetters } from './letter-rows';
import { mergeChunk } from './merge';
import { deleteRepairs, writeRepairs } from './repair-rows';
import { currentSets } from './stage-rows';
import type { StagedSets } from './staging';
import { lockCheckpoint, markerOf, releaseMarker } from './takeover';
import { touchedKeys } from './touched';

type Work<T> = (tx: TargetTransaction) => Promise<T>;

export function runOnControl<T>(control: Sessions, work: Work<T>): Promise<T> {
  return control.use((session) =>
    withMarkers(session, (locked) =>
      work({
        ...operations(session),
        lockCheckpoint: (name) => {
          locked.add(name);
          return lockCheckpoint(session, control, name);
        },
        merge: () => Promise.reject(notStaged()),
        touched: () => Promise.reject(notStaged()),
      }),
    ),
  );
}

export function runOnChunk<T>(
  merging: Sessions,
  sets: StagedSets,
  on: StagedChunk,
  work: Work<T>,
): Promise<T> {
  return merging.use((session) =>
    withMarkers(session, (locked) =>
      work({
        ...operations(session),
        lockCheckpoint: (name) => {
          locked.add(name);
          return lockRow(session, name, markerOf(session, name));
        },
        async merge(chunk, { stale = [], setAside = [], mostSetAside, keepDeleted = false } = {}) {
          if (chunk.token !== on.token) throw notStaged();
          const { more } = chunk;
          const current = await currentSets(session, sets);
          return mergeChunk(session, current, { more, stale, setAside, mostSetAside, keepDeleted });
        },
        touched(chunk, table, keys) {
          if (chunk.token !== on.token) return Promise.reject(notStaged());
          return Promise.resolve(touchedKeys(sets.staged, table, keys));
        },
      }),
    ),
  );
}

/** One transaction. Named locks outlive it, so they are let go of after it. */
async function withMarkers<T>(session: Session, work: (locked: Set<string>) => Promise<T>): Promise<T> {
  const locked = new Set<string>();
  try {
    return await session.transaction('write', () => work(locked));
  } finally {
    for (const name of locked) {
      // A session that is lost meanwhile has let go of them, and shows at its next use.
      await releaseMarker(session, name).catch(() => undefined);
    }
  }
}

function operations(session: Session): Omit<TargetTransaction, 'lockCheckpoint' | 'merge' | 'touched'> {
  return {
    saveCheckpoint: (checkpoint) => writeCheckpoint(session, checkpoint),
    tableCheckpoints: (uuid) => readTableCheckpoints(session, uuid),
    saveTables: (uuid, tables) => writeTableCheckpoints(session, uuid, tables),
    removeTables: (uuid, sources) => deleteTableCheckpoints(session, uuid, sources),
    deadLetters: (uuid, table) => readLetters(session, uuid, table),
    saveDeadLetters: (uuid, letters) => writeLetters(session, uuid, letters),
    flagDeadLetters: (uuid, ids) => flagLetters(session, uuid, ids),
    removeDeadLetters: (uuid, ids) => deleteLetters(session, uuid, ids),
    saveRepairs: (uuid, repairs) => writeRepairs(session, uuid, repairs),
    removeRepairs: (uuid, choice) => deleteRepairs(session, uuid, choice),
  };
}

function notStaged(): CdcError {
  return new CdcError('INTERNAL', 'A chunk is merged in the transaction that was begun on it');
}
