/** A worker in this process, over the databases of the configuration. */
import type { Logger } from 'pino';
import type { Config } from '../../worker/config';
import type { TemporalTarget } from './temporal-target';

export interface LocalWorker {
  /** Settles when it has stopped; rejects when it failed. */
  readonly ended: Promise<void>;
  /** Lets attempts end at their next commit, then closes the databases. */
  stop(): Promise<void>;
}

/** The connection to Temporal is checked by the caller before: here its failure would be without words. */
export async function startLocalWorker(
  config: Config,
  target: Pick<TemporalTarget, 'connection' | 'namespace' | 'taskQueue'>,
  logger?: Logger,
): Promise<LocalWorker> {
  const { openEngine } = await import('../../worker/composition.js');
  const { startWorker } = await import('../../worker/worker.js');
  const engine = openEngine(config);
  try {
    const worker = await startWorker({
      connection: target.connection,
      namespace: target.namespace,
      taskQueue: target.taskQueue,
      engine,
      pipelines: config.pipelines.size,
      ...(logger !== undefined && { logger }),
    });
    return {
      ended: worker.ended,
      async stop() {
        await worker.stop().finally(() => engine.close());
      },
    };
  } catch (error) {
    await engine.close();
    throw error;
  }
}

/** Resolves when the person wants an end; rejects when something that must go on has ended by itself. */
export async function untilInterrupted(
  onInterrupt: (callback: () => void) => () => void,
  mustGoOn: readonly { readonly what: string; readonly ended: Promise<void> }[],
): Promise<void> {
  let forget: () => void = () => undefined;
  const interrupted = new Promise<void>((done) => {
    forget = onInterrupt(done);
  });
  const broken = mustGoOn.map(async ({ what, ended }) => {
    await ended;
    throw new Error(`${what} has ended by itself`);
  });
  for (const each of broken) each.catch(() => undefined);
  try {
    await Promise.race([interrupted, ...broken]);
  } finally {
    // The listener stays until all is closed: a second signal then ends the process at once.
    process.once('beforeExit', forget);
  }
}
