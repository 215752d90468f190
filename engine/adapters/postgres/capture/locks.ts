/** Transactions that take locks which writers wait for: short ones, tried again, so that they never queue writers. */
import { isCdcError } from '../../../errors';
import type { Session } from '../database';

/** Writers of a table wait this long at most for us to get its lock, each time. */
const LOCK_TIMEOUT_MS = 300;
const PAUSES_MS = [50, 100, 200, 400, 800, 1600, 3200];
const ATTEMPTS = 15;

/** Throws DATABASE_LOCKED when other transactions keep the lock for about half a minute. */
export async function withShortLocks<T>(session: Session, work: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await session.transaction('read committed', async () => {
        await session.execute(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`);
        return work();
      });
    } catch (error) {
      if (!isCdcError(error, 'DATABASE_LOCKED') || attempt === ATTEMPTS - 1) throw error;
      const pause = PAUSES_MS[Math.min(attempt, PAUSES_MS.length - 1)] ?? 0;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}
