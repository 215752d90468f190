/** The script of a worker process for tests; `worker-process.ts` starts it with its options as the one argument. */
import { z } from 'zod';
import type { Engine } from '../../engine';
import { openEngine } from '../../worker/composition';
import { startWorker } from '../../worker/worker';
import { createScriptedEngine } from './scripted-engine';

const optionsSchema = z.object({
  address: z.string(),
  codePath: z.string(),
  taskQueue: z.string(),
  /** URLs by the name of the connection; without any, the scripted engine is used. */
  connections: z.record(z.string(), z.string()),
  pipelines: z.number(),
});

async function main(argument: string): Promise<void> {
  const { address, codePath, taskQueue, connections, pipelines } = optionsSchema.parse(JSON.parse(argument));
  const urls = new Map(Object.entries(connections));
  const engine: Engine = urls.size === 0 ? createScriptedEngine() : openEngine({ connections: urls });
  const worker = await startWorker({
    connection: { address },
    taskQueue,
    engine,
    pipelines,
    workflows: { codePath },
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void worker.stop());
  process.stdout.write('running\n');
  await worker.ended;
  await engine.close();
}

if (require.main === module) {
  main(process.argv[2] ?? '').catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
}
