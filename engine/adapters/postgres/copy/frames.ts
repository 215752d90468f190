/**
 * COPY out of one connection into another by the messages that it consists of. A row comes from the one server in the
 * very message in which the other one takes it, so all that is looked at is where messages begin: a stream of rows
 * would take each of them apart, which costs this process more than the source needs to read them.
 */
import type { Duplex } from 'node:stream';
import type { Client, Connection } from 'pg';

/** Types of messages, each followed by a length of four bytes that counts itself. */
const COPY_DATA = 0x64;
/** What may come between them: the beginning, notices, parameters, notifications. */
const BESIDES: ReadonlySet<number> = new Set([0x48, 0x4e, 0x53, 0x41]);
const HEADER = 5;
const COPY_DONE = Buffer.from([0x63, 0, 0, 0, 4]);
const COPY_FAIL = Buffer.from([0x66, 0, 0, 0, 5, 0]);

/** An error of the side that it came from. */
export class PipeError extends Error {
  constructor(
    readonly side: 'reader' | 'writer',
    override readonly cause: unknown,
  ) {
    super(`The ${side} of a COPY failed`);
  }
}

/** How many rows were copied. Both connections can be used afterwards unless they were lost. Throws PipeError. */
export async function pipeFrames(
  reader: Client,
  copyTo: string,
  writer: Client,
  copyFrom: string,
): Promise<number> {
  const sink = openSink(copyFrom);
  const source = openSource(copyTo, sink);
  writer.query(sink.query);
  reader.query(source.query);
  const [read, written] = await Promise.allSettled([source.ended, sink.ended]);
  if (written.status === 'rejected' && read.status === 'fulfilled')
    throw new PipeError('writer', written.reason);
  if (read.status === 'rejected') throw new PipeError('reader', read.reason);
  return written.status === 'fulfilled' ? written.value : 0;
}

interface Sink {
  readonly query: Query;
  readonly ended: Promise<number>;
  /** True once it takes messages, or has failed. */
  readonly isReady: boolean;
  /** Called when it becomes ready, can take more again, or has failed. */
  onReady: () => void;
  /** `owed`: bytes of the last message that are still to come. False: call again after `onReady`. */
  write(bytes: Buffer, owed: number): boolean;
  done(): void;
  fail(): void;
}

/** What the driver calls of a query that is not its own. */
interface Query {
  submit(connection: Connection): void;
  handleError(error: unknown): void;
  handleReadyForQuery(): void;
  handleCommandComplete(message: { readonly text?: string }): void;
  handleCopyInResponse(connection: Connection): void;
}

function openSink(sql: string): Sink {
  let into: Duplex | null = null;
  let failed = false;
  /** The server has been told to give up, or will be as soon as it listens. */
  let givenUp = false;
  let rows = 0;
  let owed = 0;
  const { promise: ended, resolve, reject } = deferred<number>();
  const sink: Sink = {
    ended,
    get isReady() {
      return failed || into !== null;
    },
    onReady: () => undefined,
    write(bytes, left) {
      if (failed || givenUp || into === null) return true;
      owed = left;
      if (into.write(bytes)) return true;
      into.once('drain', () => sink.onReady());
      return false;
    },
    done() {
      if (!failed && !givenUp) into?.write(COPY_DONE);
    },
    fail() {
      if (!failed && !givenUp) into?.write(Buffer.concat([Buffer.alloc(owed), COPY_FAIL]));
      givenUp = true;
    },
    query: {
      submit: (connection) => connection.query(sql),
      handleCopyInResponse(connection) {
        into = connection.stream;
        if (givenUp) into.write(COPY_FAIL);
        sink.onReady();
      },
      handleCommandComplete({ text }) {
        rows = Number(/^COPY (\d+)/.exec(text ?? '')?.[1] ?? 0);
      },
      handleReadyForQuery: () => resolve(rows),
      handleError(error) {
        failed = true;
        // The server drops what comes of a COPY that it has given up, but by whole messages.
        if (owed > 0 && !givenUp && into?.writable === true) into.write(Buffer.alloc(owed));
        reject(error);
        sink.onReady();
      },
    },
  };
  return sink;
}

function openSource(sql: string, sink: Sink): { readonly query: Query; readonly ended: Promise<void> } {
  const { promise: ended, resolve, reject } = deferred<undefined>();
  let detach = (): void => undefined;
  const attach = (connection: Connection): void => {
    const { stream } = connection;
    const [parse, ...others] = stream.listeners('data');
    if (!isReader(parse) || others.length > 0) throw new Error('The driver reads in another way than it did');
    let rest: Buffer = Buffer.alloc(0);
    /** Bytes of the message that is being handed on which are still to come. */
    let left = 0;
    const read = (bytes: Buffer): void => {
      const all = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
      const { runs, next, ended: atEnd, owed } = splitFrames(all, left);
      left = owed;
      rest = all.subarray(next);
      let ready = true;
      for (const [index, run] of runs.entries())
        ready = sink.write(run, index === runs.length - 1 ? owed : 0) && ready;
      if (!atEnd) {
        if (!ready) stream.pause();
        return;
      }
      const unread = rest;
      rest = Buffer.alloc(0);
      detach();
      if (unread[0] === COPY_DONE[0]) sink.done();
      else sink.fail();
      // The driver knows what the end of a COPY means.
      parse(unread);
    };
    detach = () => {
      detach = () => undefined;
      sink.onReady = () => undefined;
      stream.removeListener('data', read);
      stream.on('data', parse);
      stream.resume();
    };
    stream.removeListener('data', parse);
    stream.on('data', read);
    sink.onReady = () => stream.resume();
    if (!sink.isReady) stream.pause();
  };
  return {
    ended: ended.then(() => undefined),
    query: {
      submit(connection) {
        attach(connection);
        connection.query(sql);
      },
      handleCopyInResponse: () => undefined,
      handleCommandComplete: () => undefined,
      handleReadyForQuery: () => resolve(undefined),
      handleError(error) {
        detach();
        sink.fail();
        reject(error);
      },
    },
  };
}

function isReader(listener: unknown): listener is (bytes: Buffer) => void {
  return typeof listener === 'function';
}

export interface Frames {
  /** Stretches of messages with rows. */
  readonly runs: readonly Buffer[];
  /** Where the first message begins that can't be handed on: it is not all there, or ends the rows. */
  readonly next: number;
  /** True when that one ends the rows. */
  readonly ended: boolean;
  /** How many bytes of the last stretch are still to come. */
  readonly owed: number;
}

/** The messages with rows in `bytes`, of whose beginning `left` bytes belong to the message before. */
export function splitFrames(bytes: Buffer, left: number): Frames {
  const runs: Buffer[] = [];
  let start = 0;
  let at = left;
  const cut = (end: number): void => {
    if (end > start) runs.push(bytes.subarray(start, end));
  };
  for (;;) {
    if (at >= bytes.length) {
      cut(bytes.length);
      return { runs, next: bytes.length, ended: false, owed: at - bytes.length };
    }
    const whole = at + HEADER <= bytes.length;
    const type = bytes[at] ?? 0;
    const end = whole ? at + 1 + bytes.readUInt32BE(at + 1) : Infinity;
    if (type === COPY_DATA && whole) {
      at = end;
      continue;
    }
    cut(at);
    const skips = BESIDES.has(type) && end <= bytes.length;
    if (!skips) return { runs, next: at, ended: whole && type !== COPY_DATA && !BESIDES.has(type), owed: 0 };
    at = end;
    start = end;
  }
}

function deferred<T>(): {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
} {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
