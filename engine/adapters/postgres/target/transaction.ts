/** Transactions of a target: on a control session, or on the lane that holds a staged chunk. */
import { CdcError } from '../../../errors';
import type { StagedChunk, TargetTransaction } from '../../../model';
import type { Session } from '../database/session';
import type { Sessions } from '../database/sessions';
import {
  deleteTableCheckpoints,
  lockRow,
  readTableCheckpoints,
  writeCheckpoint,
  writeTableCheckpoints,
} from './checkpoint-rows';
import type { HeldChunk } from './chunks';
import { deleteLetters, flagLetters, readLetters, writeLetters } from './letter-rows';
import { mergeChunk } from './merge';
import { deleteRepairs, writeRepairs } from './repair-rows';
import { sequencesOf } from './sequences';
import { lockCheckpoint } from './takeover';
import { touchedKeys } from './touched';

export function runOnControl<T>(control: Sessions, work: (tx: TargetTransaction) => Promise<T>): Promise<T> {
  return control.use((session) =>
    session.transaction('read committed', () =>
      work({
        ...operations(session),
        lockCheckpoint: (name) => lockCheckpoint(session, control, name),
        merge: () => Promise.reject(notStaged()),
        touched: () => Promise.reject(notStaged()),
      }),
    ),
  );
}

export function runOnChunk<T>(
  { lane, session: held, sets }: HeldChunk,
  on: StagedChunk,
  work: (tx: TargetTransaction) => Promise<T>,
): Promise<T> {
  return lane.run(async ({ session }) => {
    if (session !== held) {
      throw new CdcError(
        'CONNECTION_LOST',
        `Database ${session.database} lost the connection of a staged chunk`,
      );
    }
    return session.transaction('read committed', () =>
      work({
        ...operations(session),
        lockCheckpoint: (name) => lockRow(session, name),
        async merge(chunk, { stale = [], setAside = [], mostSetAside, keepDeleted = false } = {}) {
          if (chunk.token !== on.token) throw notStaged();
          const { more } = chunk;
          return mergeChunk(session, sets, { more, stale, setAside, mostSetAside, keepDeleted });
        },
        async touched(chunk, table, keys) {
          if (chunk.token !== on.token) throw notStaged();
          const found = await touchedKeys(session, sets, table, keys);
          return keys.map((_, place) => found.has(place));
        },
      }),
    );
  });
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
    raiseSequences: (requests) => sequencesOf(session, requests, { raise: true }),
  };
}

function notStaged(): CdcError {
  return new CdcError('INTERNAL', 'A chunk is merged in the transaction that was begun on it');
}
