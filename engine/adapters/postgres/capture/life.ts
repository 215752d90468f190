/** Which life of which server a session is connected to; it stays the same as long as the connection. */
import { CdcError } from '../../../errors';
import type { Session } from '../database';
import type { ServerLife } from './position';

const lives = new WeakMap<Session, ServerLife>();

/**
 * Prepares a session for reading a source. Throws DATABASE_READ_ONLY on a standby: what a transaction there sees
 * isn't what the snapshot functions say.
 */
export async function prepareSource(session: Session): Promise<void> {
  const standby = await session.first('SELECT pg_is_in_recovery()');
  if (standby?.[0] !== 'f') {
    throw new CdcError('DATABASE_READ_ONLY', `Database ${session.database} is on a standby server`, {
      retryable: true,
      hint: 'Use the primary server as source, or wait until the failover is over.',
    });
  }
  const row = await session.first(
    `SELECT system_identifier::text, left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) FROM pg_control_system()`,
  );
  lives.set(session, { system: row?.[0] ?? '', timeline: row?.[1] ?? '' });
  // Windows are found by index; a plan for "few rows" must not be taken for many, nor the other way round.
  await session.execute(
    "SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan; SET work_mem = '32MB'; SET max_parallel_workers_per_gather = 0",
  );
}

export function lifeOf(session: Session): ServerLife {
  const life = lives.get(session);
  if (life === undefined) throw new CdcError('INTERNAL', 'A session was not prepared for reading a source');
  return life;
}
