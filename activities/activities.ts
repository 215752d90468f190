/** The activities: each calls the engine's front door once, heartbeats where that takes time, and turns its errors. */
import { Context } from '@temporalio/activity';
import { DEFAULT_SETTINGS } from '../engine';
import type {
  Engine,
  Pipeline,
  PipelineRef,
  PipelineSettings,
  ReplicateResult,
  SetupProgress,
  TableProgress,
} from '../engine';
import { createAttempts } from './attempts';
import type { PipelineActivities, RoundReport, SetupReport } from './contract';
import { toFailure } from './failures';
import { startHeartbeats } from './heartbeats';
import type { Heartbeats } from './heartbeats';

export interface ActivityOptions {
  /** Aborts when the worker is about to stop: attempts end at their next commit, and others go on elsewhere. */
  readonly shutdown?: AbortSignal;
}

/** The activities over an engine, to be registered with a worker. */
export function createActivities(engine: Engine, options: ActivityOptions = {}): PipelineActivities {
  const attempts = createAttempts();
  const shutdown = options.shutdown ?? new AbortController().signal;

  return {
    setup: ({ spec: asked, chain, takeOver, keep }) => {
      const spec = { ...asked, settings: whole(asked.settings) };
      let soFar: SetupProgress | null = null;
      return reported(
        async (heartbeats) => {
          const pipeline = await engine.pipeline({
            name: spec.name,
            source: spec.source,
            target: spec.target,
            capture: spec.capture,
          });
          const onProgress = ({ step, done, of }: SetupProgress): void => {
            soFar = { step, done, of };
            heartbeats.progress();
          };
          return setUp(pipeline, { spec, chain, takeOver, ...(keep !== undefined && { keep }), onProgress });
        },
        () => soFar,
      );
    },

    fetchPending: ({ pipeline, settings, waitMs }) =>
      reported(() =>
        attempts.run(pipeline, 'fetch', [Context.current().cancellationSignal, shutdown], async (signal) => {
          const handle = await engine.pipeline(pipeline);
          return handle.fetchPending({ settings, waitMs, signal });
        }),
      ),

    applyBatch: ({ pipeline, chain, generation, settings, lingerMs, copying, reportAll }) => {
      // What an attempt before this one did has not been reported.
      const all = reportAll || Context.current().info.attempt > 1;
      const copied = new AbortController();
      let soFar: RoundReport | null = null;
      return reported(
        (heartbeats) =>
          attempts.run(
            pipeline,
            'apply',
            [Context.current().cancellationSignal, shutdown, copied.signal],
            async (signal) => {
              const handle = await engine.pipeline(pipeline);
              const result = await handle.replicate({
                chain,
                generation,
                settings: whole(settings),
                maxChanges: null,
                lingerMs,
                signal,
                onProgress(progress) {
                  if (copying && progress.snapshotting === 0) copied.abort();
                  soFar = reportOf(progress, all, Date.now());
                  heartbeats.progress();
                },
              });
              return reportOf(result, all, soFar?.lastAppliedAt ?? null);
            },
          ),
        () => soFar,
      );
    },

    markSynced: ({ pipeline, retainMs }) =>
      reported(async () => (await engine.pipeline(pipeline)).markSynced({ retainMs })),

    sweep: ({ pipeline }) =>
      reported(() =>
        attempts.run(pipeline, 'sweep', [Context.current().cancellationSignal, shutdown], async (signal) => {
          const { keys } = await (await engine.pipeline(pipeline)).sweep({ signal });
          return { keys };
        }),
      ),

    fence: ({ pipeline, chain, generation }) =>
      translated(() => {
        attempts.end(pipeline);
        return apart(engine, pipeline, (handle) => handle.fence({ chain, generation }));
      }),

    markGoal: ({ pipeline, chain, generation, batch }) =>
      translated(async () => (await engine.pipeline(pipeline)).markGoal({ chain, generation, batch })),

    resync: ({ pipeline, chain, generation, table, createTables }) =>
      reported(async () => {
        attempts.end(pipeline);
        return (await engine.pipeline(pipeline)).resync({
          chain,
          generation,
          table,
          createTables: createTables ?? DEFAULT_SETTINGS.createTables,
        });
      }),

    resumeTable: ({ pipeline, chain, generation, table, createTables }) =>
      reported(async () => {
        attempts.end(pipeline);
        return (await engine.pipeline(pipeline)).resumeTable({
          chain,
          generation,
          table,
          createTables: createTables ?? DEFAULT_SETTINGS.createTables,
        });
      }),

    acceptFailover: ({ pipeline, chain, generation }) =>
      reported(async () => {
        attempts.end(pipeline);
        return (await engine.pipeline(pipeline)).acceptFailover({ chain, generation });
      }),

    finish: ({ pipeline, chain }) =>
      translated(() => apart(engine, pipeline, (handle) => handle.finish({ chain }))),
  };
}

/** A run that an earlier version began knows nothing of settings that came later. */
function whole(settings: PipelineSettings): PipelineSettings {
  return { ...DEFAULT_SETTINGS, ...settings };
}

/** Heartbeats while `work` runs. */
async function reported<T>(
  work: (heartbeats: Heartbeats) => Promise<T>,
  details: () => unknown = () => null,
): Promise<T> {
  const heartbeats = startHeartbeats(details);
  try {
    return await translated(() => work(heartbeats));
  } finally {
    heartbeats.stop();
  }
}

/** Lets the errors of `work` out as failures that Temporal can store. */
async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toFailure(error);
  }
}

/** Runs `work` on connections of its own: a fence must not wait behind the attempt that it fences. */
async function apart<T>(
  engine: Engine,
  ref: PipelineRef,
  work: (pipeline: Pipeline) => Promise<T>,
): Promise<T> {
  const handle = await engine.open(ref);
  try {
    return await work(handle);
  } finally {
    await handle.close();
  }
}

async function setUp(pipeline: Pipeline, options: Parameters<Pipeline['setup']>[0]): Promise<SetupReport> {
  const result = await pipeline.setup(options);
  if (!result.resumed) {
    const none = {
      cause: null,
      snapshotRows: 0,
      inserted: 0,
      updated: 0,
      deleted: 0,
      deadLetters: 0,
      copy: null,
    };
    return { ...result, tables: result.tables.map((table) => ({ ...table, ...none })), lastAppliedAt: null };
  }
  const { tables, lastAppliedAt } = await pipeline.statistics();
  return { ...result, tables: tables.map(({ stored: _, ...table }) => table), lastAppliedAt };
}

/** Takes what the history may hold, field by field, so that a field added to the engine's result does not slip in. */
function reportOf(result: ReplicateResult, all: boolean, lastAppliedAt: number | null): RoundReport {
  const { changes, inserted, updated, deleted, snapshotRows, commits, snapshotting, copy } = result;
  const { caughtUp, reachedGoal, atomicCuts, backlog, lagMs, noticed } = result;
  const touched = new Set(result.tables.map(({ table }) => table));
  // A parked table has no work done, and is what a person must hear of.
  const isNews = ({ source, state }: TableProgress): boolean => touched.has(source) || state === 'parked';
  return {
    changes,
    inserted,
    updated,
    deleted,
    snapshotRows,
    commits,
    snapshotting,
    copy,
    progress: all ? result.progress : result.progress.filter(isNews),
    caughtUp,
    reachedGoal,
    atomicCuts,
    backlog,
    lagMs,
    noticed: noticed.map(({ table, message }) => ({ table, message })),
    lastAppliedAt,
    asOf: Date.now(),
  };
}
