/**
 * A database in a thread of its own, seen from the main thread. SQLite's calls block, so none is made here: each is
 * a message to the thread, which works through them in the order of the calls.
 */
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { CdcError } from '../../../errors';
import { unpackError } from '../database/errors';
import type { DatabaseFile } from '../database/file';
import { createMutex } from './mutex';
import type { OperationArguments, OperationName, OperationResult } from './operations';
import type { SessionOptions } from '../database/session';
import type { ThreadReply, ThreadRequest } from './thread';

export interface Connection {
  readonly file: DatabaseFile;
  /** Runs an operation in the thread. Throws what the operation throws, and CONNECTION_LOST when the thread died. */
  call<K extends OperationName>(name: K, ...parameters: OperationArguments<K>): Promise<OperationResult<K>>;
  /**
   * Runs `work` alone among the callers of `exclusive`: for what takes several calls, such as a transaction. Other
   * calls may still come in between.
   */
  exclusive<T>(work: () => Promise<T>): Promise<T>;
  /** Ends the thread after what was asked before. Safe to repeat. */
  close(): Promise<void>;
}

/** Long enough for any sane transaction of somebody else, short enough for a person who waits. */
export const DEFAULT_BUSY_TIMEOUT_MS = 5_000;

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: CdcError) => void;
}

/** Opens a database in a new thread. Throws the database codes. */
export async function openConnection(options: SessionOptions): Promise<Connection> {
  const worker = new Worker(join(__dirname, 'thread.js'), { workerData: options });
  const waiting = new Map<number, Waiting>();
  let lastId = 0;
  let lost: CdcError | null = null;
  let closing: Promise<void> | null = null;

  const lose = (cause?: unknown): void => {
    lost ??= new CdcError('CONNECTION_LOST', `The connection to ${options.file.name} has ended`, { cause });
    for (const { reject } of waiting.values()) reject(lost);
    waiting.clear();
  };
  const exit = new Promise<void>((resolve) => {
    worker.once('exit', () => {
      lose();
      resolve();
    });
  });
  const ended = (): Promise<void> => {
    worker.ref();
    return exit;
  };
  worker.on('error', lose);
  worker.on('messageerror', lose);
  worker.on('message', (reply: ThreadReply) => {
    const caller = waiting.get(reply.id);
    waiting.delete(reply.id);
    // An open connection that nobody waits for keeps no process alive.
    if (waiting.size === 0) worker.unref();
    if (reply.ok) caller?.resolve(reply.value);
    else caller?.reject(unpackError(reply.error));
  });

  const expect = (id: number): Promise<unknown> => {
    worker.ref();
    return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
  };
  const send = (name: OperationName, parameters: readonly unknown[]): Promise<unknown> => {
    if (lost !== null) return Promise.reject(lost);
    const id = ++lastId;
    const reply = expect(id);
    worker.postMessage({ id, name, parameters } satisfies ThreadRequest);
    return reply;
  };

  try {
    await expect(0);
  } catch (error) {
    await ended();
    throw error;
  }

  const mutex = createMutex();
  return {
    file: options.file,
    call<K extends OperationName>(
      name: K,
      ...parameters: OperationArguments<K>
    ): Promise<OperationResult<K>> {
      if (closing !== null) {
        return Promise.reject(
          new CdcError('CONNECTION_LOST', `The connection to ${options.file.name} is closed`),
        );
      }
      // The reply to a call is what the operation of that name returned: thread.ts looks it up by the same name.
      // eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion
      return send(name, parameters) as Promise<OperationResult<K>>;
    },
    exclusive: (work) => mutex.run(work),
    close() {
      closing ??= (async () => {
        if (lost === null) await send('closeSession', []).catch(() => undefined);
        await ended();
      })();
      return closing;
    },
  };
}
