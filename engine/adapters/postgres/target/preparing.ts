/** What each session of a target is told before its first work. */
import { sqlStateOf } from '../database/errors';
import type { Session } from '../database/session';

/** What the role may do on this target. */
export interface Powers {
  /** Triggers, foreign keys and their actions rest while we write. */
  readonly replicaRole: boolean;
}

/**
 * The server finds out within half a minute that a worker's machine is gone. Over a socket these have no effect.
 */
const KEEPALIVE = `SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3`;

/** A chunk is kept and sorted in memory. */
const STAGING = `SET work_mem = '64MB'; SET temp_buffers = '32MB'; SET max_parallel_workers_per_gather = 0`;

/** A worker that is stopped inside a commit keeps others from taking over no longer than this. */
const LANE_IDLE_MS = 15_000;

/** A claim waits for a commit that is at work, and ends one that isn't (`takeover.ts`). */
const CONTROL_LOCK_MS = 20_000;

export interface Preparations {
  prepareControl(session: Session): Promise<void>;
  prepareLane(session: Session): Promise<Powers>;
}

export function preparations(readOnly: boolean): Preparations {
  return {
    async prepareControl(session) {
      if (readOnly) return;
      await session.execute(`${KEEPALIVE}; SET lock_timeout = ${CONTROL_LOCK_MS}`);
    },
    async prepareLane(session) {
      // What commits here is made durable by `flush`, before anybody is told of it.
      await session.execute(
        `${KEEPALIVE}; SET synchronous_commit = off; SET idle_in_transaction_session_timeout = ${LANE_IDLE_MS};
${STAGING}`,
      );
      return { replicaRole: await takeReplicaRole(session) };
    },
  };
}

/** False where the role has not been granted the right. */
export async function takeReplicaRole(session: Session): Promise<boolean> {
  try {
    await session.execute('SET session_replication_role = replica');
    return true;
  } catch (error) {
    if (sqlStateOf(error) === '42501') return false;
    throw error;
  }
}
