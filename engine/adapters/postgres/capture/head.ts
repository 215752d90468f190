/** The newest position. */
import type { Session } from '../database';
import { lifeOf } from './life';
import type { PostgresPosition } from './position';

/** What a transaction that begins now sees; in a REPEATABLE READ transaction, what that sees. */
export async function currentSnapshot(session: Session): Promise<string> {
  const row = await session.query('SELECT pg_current_snapshot()', [], { prepared: true });
  return row[0]?.[0] ?? '';
}

/** It covers everything that was committed before. */
export async function readHead(session: Session): Promise<PostgresPosition> {
  return { ...lifeOf(session), from: await currentSnapshot(session), cut: null };
}
