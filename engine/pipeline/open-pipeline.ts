/** One pipeline's handle: the functions of this folder over one context, each reopening what was lost. */
import { createCopies, replicate } from '../apply';
import type { Connections } from './connections';
import { createContext } from './context';
import { fencePipeline, finishPipeline, markPipelineGoal } from './control';
import type { EnginePorts, Pipeline, PipelineRef } from './contract';
import { discardDeadLetters, listDeadLetters, retryDeadLetters } from './dead-letters';
import { acceptSourceFailover } from './failover';
import { fetchPendingChanges } from './fetch-pending';
import { pipelineHealth } from './health';
import { markPipelineSynced } from './mark-synced';
import { allPendingChanges, pipelineStatistics, tableChanges, waitUntilCaughtUp } from './observe';
import { planPipeline } from './planning';
import { markRepairs, waitRepaired } from './repair';
import { resumeParkedTable, resyncPipeline } from './resync';
import { pipelineSequences } from './sequences';
import { setupPipeline } from './setup';
import { sweepPipeline } from './sweep';
import { teardownPipeline } from './teardown';
import { verifyPipeline } from './verify';

export function openPipeline(ref: PipelineRef, connections: Connections, ports: EnginePorts): Pipeline {
  const context = createContext(ref, ports, connections);
  const copies = createCopies();
  const guard = <T>(work: () => Promise<T>): Promise<T> => connections.guard(work);
  return {
    ref,
    plan: (spec) => guard(async () => (await planPipeline(context, spec)).plan),
    setup: (options) => guard(() => setupPipeline(context, options)),
    fetchPending: (options) => guard(() => fetchPendingChanges(context, options)),
    pendingChanges: (limit) => guard(() => allPendingChanges(context, limit)),
    changes: (table, options) => guard(() => tableChanges(context, table, options)),
    replicate: (options) =>
      guard(async () =>
        replicate(
          {
            ...(await connections.both()),
            transfer: await connections.transfer(),
            now: () => ports.now(),
            routesOf: (tables) => context.routesOf(tables),
            copies,
          },
          { ...options, name: ref.name, holder: { host: ports.host, pid: ports.pid, session: null } },
        ),
      ),
    markSynced: (options) => guard(() => markPipelineSynced(context, options.retainMs)),
    fence: (options) => guard(() => fencePipeline(context, options)),
    markGoal: (options) => guard(() => markPipelineGoal(context, options)),
    resync: (options) => guard(() => resyncPipeline(context, options)),
    resumeTable: (options) => guard(() => resumeParkedTable(context, options)),
    deadLetters: (options) => guard(() => listDeadLetters(context, options)),
    retryDeadLetters: (choice) => guard(() => retryDeadLetters(context, choice)),
    discardDeadLetters: (choice) => guard(() => discardDeadLetters(context, choice)),
    acceptFailover: (options) => guard(() => acceptSourceFailover(context, options)),
    finish: (options) => guard(() => finishPipeline(context, options.chain)),
    sequences: (options) => guard(() => pipelineSequences(context, options)),
    statistics: () => guard(() => pipelineStatistics(context)),
    healthReport: () => pipelineHealth(context),
    verify: (options) => guard(() => verifyPipeline(context, options)),
    repair: (keys) => guard(() => markRepairs(context, keys)),
    sweep: (options) => guard(() => sweepPipeline(context, options)),
    waitRepaired: (options) => guard(() => waitRepaired(context, options)),
    waitCaughtUp: (options) => guard(() => waitUntilCaughtUp(context, options)),
    teardown: (options) => guard(() => teardownPipeline(context, options?.sourceOnly ?? false)),
    close: () => connections.close(),
  };
}
