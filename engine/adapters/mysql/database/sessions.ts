/** A few sessions on one database, lent out one piece of work at a time. A lost one is replaced by a new one. */
import { CdcError, isCdcError } from '../../../errors';
import { openSession, type Session } from './session';
import type { Address } from './url';

export interface Sessions {
  readonly database: string;
  /** Lends a session for as long as `work` takes. Waits while all are out. */
  use<T>(work: (session: Session) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/**
 * Opens the first session at once, so that what is wrong with the address shows here. `prepare` runs on each new
 * session. Throws the database codes.
 */
export async function openSessions(
  address: Address,
  role: string,
  { most, prepare }: { readonly most: number; readonly prepare?: (session: Session) => Promise<void> },
): Promise<Sessions> {
  const open = async (): Promise<Session> => {
    const session = await openSession(address, role);
    try {
      await prepare?.(session);
      return session;
    } catch (error) {
      await session.close();
      throw error;
    }
  };
  /** The one that was used last is lent first: its plans and caches are warm. */
  const idle: Session[] = [await open()];
  const all = new Set<Session>(idle);
  const waiting: (() => void)[] = [];
  let opening = 0;
  let closed = false;

  const take = async (): Promise<Session> => {
    for (;;) {
      if (closed)
        throw new CdcError('CONNECTION_LOST', `Database ${address.database} was closed by this process`);
      const session = idle.pop();
      if (session !== undefined) {
        if (!session.isLost) return session;
        all.delete(session);
        continue;
      }
      if (all.size + opening < most) {
        opening += 1;
        try {
          const fresh = await open();
          all.add(fresh);
          return fresh;
        } finally {
          opening -= 1;
          waiting.shift()?.();
        }
      }
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  };
  /** `isRefused`: for want of a privilege. What is granted from now on is not seen by connections that are open. */
  const giveBack = async (session: Session, isRefused: boolean): Promise<void> => {
    if (session.isLost || closed || isRefused) {
      const ended = [session, ...(isRefused ? idle.splice(0) : [])];
      for (const one of ended) all.delete(one);
      await Promise.all(ended.map((one) => one.close()));
    } else {
      idle.push(session);
    }
    waiting.shift()?.();
  };
  return {
    database: address.database,
    async use(work) {
      const session = await take();
      let isRefused = false;
      try {
        return await work(session);
      } catch (error) {
        isRefused = isCdcError(error, 'PRIVILEGE_MISSING');
        throw error;
      } finally {
        await giveBack(session, isRefused);
      }
    },
    async close() {
      closed = true;
      for (const wake of waiting.splice(0)) wake();
      await Promise.all(idle.splice(0).map((session) => session.close()));
    },
  };
}
