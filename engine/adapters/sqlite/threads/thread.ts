/** Entry of a database thread: opens one database, then answers one request at a time. */
import { parentPort, workerData } from 'node:worker_threads';
import { toDatabaseError, packError, type PackedError } from '../database/errors';
import { operations } from './operations';
import { openSession, type SessionOptions } from '../database/session';

/** What the main thread sends. The first reply, to id 0, tells whether the database could be opened. */
export interface ThreadRequest {
  readonly id: number;
  readonly name: string;
  readonly parameters: readonly unknown[];
}

export type ThreadReply =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly error: PackedError };

function serve(port: NonNullable<typeof parentPort>, options: SessionOptions): void {
  const answer = (id: number, work: () => unknown): boolean => {
    try {
      port.postMessage({ id, ok: true, value: work() } satisfies ThreadReply);
      return true;
    } catch (error) {
      const packed = packError(toDatabaseError(error, options.file.name));
      port.postMessage({ id, ok: false, error: packed } satisfies ThreadReply);
      return false;
    }
  };

  const byName = new Map<string, (...parameters: never[]) => unknown>(Object.entries(operations));
  let session: ReturnType<typeof openSession> | null = null;
  const opened = answer(0, () => {
    session = openSession(options);
  });
  if (!opened) {
    port.close();
    return;
  }
  port.on('message', ({ id, name, parameters }: ThreadRequest) => {
    const operation = byName.get(name);
    answer(id, (): unknown => {
      if (operation === undefined) throw new Error(`no operation ${name}`);
      // Checked by `Connection.call` against the operation's own type, on the other side.
      return Reflect.apply(operation, undefined, [session, ...parameters]);
    });
    if (name === 'closeSession') port.close();
  });
}

if (parentPort !== null) {
  // Made by `openConnection`, the only one to start this file.
  // eslint-disable-next-line @typescript-eslint/no-unsafe-assignment
  const options: SessionOptions = workerData;
  serve(parentPort, options);
}
