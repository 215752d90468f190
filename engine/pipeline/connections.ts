/** Opens a pipeline's two databases at first use and opens them again after they were lost. */
import { isCdcError, toCdcError } from '../errors';
import type { ErrorCode } from '../errors';
import type { Adapter, CaptureStrategy, Source, Target, Transfer, TransportKind } from '../model';
import type { Registry } from '../registry';
import { negotiateTransfer } from '../apply';
import { captureByColumn } from '../capture';
import type { KeysetPorts } from '../capture';

export interface PairUrls {
  readonly source: string;
  readonly target: string;
}

export interface OpenPair {
  readonly source: Source;
  readonly target: Target;
}

/** The open pair of a pipeline. Opening is lazy on each side, so that health can tell which one is down. */
export interface Connections {
  readonly sourceAdapter: Adapter;
  readonly targetAdapter: Adapter;
  source(): Promise<Source>;
  /** Throws DATABASE_MISSING where there is none: an empty one in its place would hide that it was lost. */
  target(): Promise<Target>;
  /** Both, opened at the same time. What is wrong with the source is told first. */
  both(): Promise<OpenPair>;
  /** For setup only: as `target`, which shares the handle, but makes a database that is missing. */
  createTarget(): Promise<Target>;
  /**
   * For planning: works on the target, or, where setup would make one, on an empty one in its place. `transport` tells
   * how rows will travel.
   */
  plannedTarget<T>(work: (target: Target, transport: () => Promise<TransportKind>) => Promise<T>): Promise<T>;
  transfer(): Promise<Transfer>;
  /** Runs `work`; after an error that a new connection may cure, the next use opens anew. */
  guard<T>(work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** After these an open handle is of no use any more. */
const REOPEN_AFTER: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'CONNECTION_LOST',
  'SOURCE_REPLACED',
  'DATABASE_MISSING',
  'DATABASE_CORRUPT',
  'DATABASE_UNREADABLE',
  'INTERNAL',
]);

export interface ConnectionOptions {
  readonly readOnly: boolean;
  readonly capture: CaptureStrategy;
  readonly ports: KeysetPorts;
}

/** `source` throws CONFIG_INVALID where the adapter can't capture as asked. */
export function openConnections(
  registry: Registry,
  urls: PairUrls,
  { readOnly, capture, ports }: ConnectionOptions,
): Connections {
  const sourceAdapter = registry.forUrl(urls.source);
  const targetAdapter = registry.forUrl(urls.target);
  const source = lazily(async () => {
    const opened = await sourceAdapter.openSource({ url: urls.source, readOnly });
    return capture === 'trigger' ? opened : captureByColumn(opened, capture, ports);
  });
  const openTarget = (create: boolean) => targetAdapter.openTarget({ url: urls.target, readOnly, create });
  const target = lazily(() => openTarget(false));
  let transfer: Promise<Transfer> | null = null;

  const close = async (): Promise<void> => {
    transfer = null;
    const closed = await Promise.allSettled([source.close(), target.close()]);
    const failed = closed.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw toCdcError(failed.reason);
  };

  const both = async (): Promise<OpenPair> => {
    const [from, to] = [source.open(), target.open()];
    // It is heard below, unless the source has failed before.
    to.catch(() => undefined);
    return { source: await from, target: await to };
  };

  const negotiated = (): Promise<Transfer> => {
    if (transfer !== null) return transfer;
    const mine = both()
      .then((pair) => negotiateTransfer(pair.source, pair.target))
      .catch((error: unknown) => {
        if (transfer === mine) transfer = null;
        throw error;
      });
    transfer = mine;
    return mine;
  };

  return {
    sourceAdapter,
    targetAdapter,
    source: () => source.open(),
    target: () => target.open(),
    both,
    async plannedTarget(work) {
      const open = target.open();
      const empty = await open.then(
        () => undefined,
        (error: unknown) =>
          isCdcError(error, 'DATABASE_MISSING')
            ? targetAdapter.openEmptyTarget?.({ url: urls.target, readOnly })
            : undefined,
      );
      if (empty === undefined) return work(await open, async () => (await negotiated()).kind);
      try {
        return await work(empty, async () => (await negotiateTransfer(await source.open(), empty)).kind);
      } finally {
        await empty.close();
      }
    },
    async createTarget() {
      try {
        return await target.open();
      } catch (error) {
        if (readOnly || !isCdcError(error, 'DATABASE_MISSING')) throw error;
        return target.open(() => openTarget(true));
      }
    },
    transfer: negotiated,
    async guard(work) {
      try {
        return await work();
      } catch (error) {
        const failure = toCdcError(error);
        // What closing a broken connection throws says less than the failure itself.
        if (REOPEN_AFTER.has(failure.code)) await close().catch(() => undefined);
        throw failure;
      }
    },
    close,
  };
}

interface Closable {
  close(): Promise<void>;
}

interface Lazy<T> {
  /** The open one; else opens it, in the given way if there is one. */
  open(otherwise?: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

function lazily<T extends Closable>(make: () => Promise<T>): Lazy<T> {
  let opened: Promise<T> | null = null;
  return {
    open(otherwise = make) {
      if (opened !== null) return opened;
      const mine = otherwise().catch((error: unknown) => {
        // Given up meanwhile, it may have been followed by another.
        if (opened === mine) opened = null;
        throw error;
      });
      opened = mine;
      return mine;
    },
    async close() {
      const closing = opened;
      opened = null;
      if (closing === null) return;
      const handle = await closing.catch(() => null);
      await handle?.close();
    },
  };
}
