/**
 * Records the histories that the replay test replays: `npm run build && node dist/test/histories/record.js NAME [SCENE…]`
 * writes `test/histories/NAME-<scene>.json`, one file a run. Made with the scripted engine on a dev server of its own.
 * To be run before a change of the workflow, under a name that says what was current (a version); old files stay, so
 * that runs which began under an older version are known to go on.
 */
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { pino } from 'pino';
import { type CdcClient, type PipelineReport, createCdcClient } from '../../client';
import { DEFAULT_SETTINGS, type PipelineSpec } from '../../engine';
import { startDevServer } from '../../worker/temporal-server';
import { startWorker } from '../../worker/worker';
import { historyToJson } from '../support/history-json';
import { type ScriptedEngine, createScriptedEngine } from '../support/scripted-engine';

interface Stage {
  readonly client: CdcClient;
  readonly engine: ScriptedEngine;
  readonly name: string;
  readonly spec: PipelineSpec;
  /** Waits until the status has this state, or looks so. */
  readonly until: (condition: (status: PipelineReport) => boolean) => Promise<void>;
}

const SCENES: Readonly<Record<string, (stage: Stage) => Promise<void>>> = {
  async lifecycle({ client, engine, name, spec, until }) {
    engine.snapshotRows = 20;
    engine.write(100);
    await client.start(spec);
    await until(({ rounds }) => rounds >= 2);
    await client.pause(name);
    await client.updateSettings(name, { batchRows: 10, maxBacklog: { changes: 1, action: 'warn' } });
    await client.resync(name, 'orders');
    await client.resume(name);
    engine.write(1);
    await until(({ state }) => state === 'running');
    await client.resync(name).catch(() => undefined);
    await client.resync(name, 'unknown').catch(() => undefined);
    engine.write(1);
    await until(({ state, backlog }) => state === 'running' && backlog === 0);
    await client.stop(name);
  },
  async batch({ client, engine, name, spec }) {
    engine.write(100);
    await client.start({ ...spec, mode: 'batch' });
    await client.result(name);
  },
  async failing({ client, engine, name, spec, until }) {
    engine.failing('setup', { code: 'CONNECTION_LOST', message: 'The source does not answer' });
    const started = client.start(spec);
    await until(({ state }) => state === 'failing');
    engine.failing('setup', null);
    await started;
    engine.write(10);
    engine.failing('replicate', { code: 'CONNECTION_LOST', message: 'The target does not answer' });
    await until(({ state, lastError }) => state === 'failing' && (lastError?.attempts ?? 0) > 1);
    engine.failing('replicate', { code: 'FENCED', message: 'Paused meanwhile' });
    await until(({ lastError }) => lastError?.code === 'FENCED');
    engine.failing('replicate', null);
    await client.resume(name);
    await until(({ state }) => state === 'running');
    engine.failing('fence', { code: 'DATABASE_LOCKED', message: 'The target is locked' });
    await client.pause(name).catch(() => undefined);
    engine.failing('fence', null);
    await until(({ state }) => state === 'paused');
    await client.stop(name);
  },
  async refused({ client, engine, spec }) {
    engine.failing('setup', { code: 'TABLE_UNKNOWN', message: 'The source has no table order' });
    await client.start(spec).catch(() => undefined);
  },
  async continued({ client, engine, name, spec, until }) {
    const writer = setInterval(() => engine.write(1), 50);
    await client.start(spec, { roundsPerRun: 2 });
    await until(({ rounds }) => rounds >= 3);
    await client.pause(name);
    await client.resume(name);
    await until(({ rounds }) => rounds >= 5);
    clearInterval(writer);
    await client.stop(name);
  },
  async applied({ client, engine, name, spec, until }) {
    engine.write(10);
    await client.start(spec);
    await client.apply({ ...spec, settings: { ...spec.settings, batchRows: 10 } });
    engine.failing('setup', { code: 'TABLE_UNKNOWN', message: 'The source has no table tags' });
    await client.apply({ ...spec, tables: [{ from: 'tags', to: null, columns: null }] }).catch(() => undefined);
    engine.failing('setup', null);
    await client.pause(name);
    await client.apply(spec);
    await client.resume(name);
    engine.write(10);
    await until(({ state, backlog }) => state === 'running' && backlog === 0);
    await client.stop(name);
  },
  async scheduled({ client, engine, name, spec, until }) {
    engine.write(100);
    await client.schedules.set({ ...spec, mode: 'batch' }, { kind: 'every', everyMs: 3_600_000, jitterMs: 0 });
    await client.schedules.pause(name);
    await client.schedules.trigger(name);
    await until(({ schedule }) => schedule?.lastRun?.outcome === 'completed');
  },
};

/** `only`: scenes to be played; all where it is empty. */
async function record(prefix: string, only: readonly string[]): Promise<void> {
  const server = await startDevServer({ headless: true });
  const connection = await Connection.connect({ address: server.address });
  const temporal = new Client({ connection, identity: 'recorded' });
  try {
    for (const [scene, play] of Object.entries(SCENES)) {
      if (only.length > 0 && !only.includes(scene)) continue;
      const engine = createScriptedEngine();
      const worker = await startWorker({
        connection: { address: server.address },
        taskQueue: scene,
        engine,
        pipelines: 1,
        logger: pino({ level: 'silent' }),
      });
      const client = createCdcClient(temporal, { taskQueue: scene });
      await play({
        client,
        engine,
        name: scene,
        spec: {
          name: scene,
          source: 'shop',
          target: 'warehouse',
          capture: 'trigger',
          mode: 'continuous',
          tables: [{ from: 'orders', to: null, columns: null }],
          settings: { ...DEFAULT_SETTINGS, roundMs: 1_000 },
        },
        async until(condition) {
          const deadline = Date.now() + 60_000;
          while (!(await client.status(scene).then(condition, () => false))) {
            if (Date.now() > deadline) throw new Error(`Scene ${scene} is stuck`);
            await sleep(50);
          }
        },
      });
      await worker.stop();
      await save(temporal, `WorkflowId = 'cdc:${scene}'`, `${prefix}-${scene}`);
      if (scene === 'scheduled') await save(temporal, "WorkflowType = 'scheduledRun'", `${prefix}-scheduled-run`);
    }
  } finally {
    await connection.close();
    await server.stop();
  }
}

/** One file a run that the query finds. */
async function save(temporal: Client, query: string, name: string): Promise<void> {
  const runs: { readonly workflowId: string; readonly runId: string }[] = [];
  for await (const { workflowId, runId } of temporal.workflow.list({ query })) runs.push({ workflowId, runId });
  for (const [index, { workflowId, runId }] of runs.reverse().entries()) {
    const history = await temporal.workflow.getHandle(workflowId, runId).fetchHistory();
    const file = `${name}${runs.length > 1 ? `-${index + 1}` : ''}.json`;
    const json = JSON.stringify(anonymous(historyToJson(history)), null, 1);
    writeFileSync(join(resolve(__dirname, '../../..'), 'test/histories', file), `${json}\n`);
    console.log(file);
  }
}

/** Without what names the machine that recorded it, none of which a replay looks at. */
function anonymous(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(anonymous);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => key !== 'stackTrace');
  return Object.fromEntries(
    entries.map(([key, entry]) => {
      if (key === 'identity') return [key, 'recorded'];
      if (key === 'name' && typeof entry === 'string' && entry.includes('@')) return [key, 'sticky'];
      return [key, anonymous(entry)];
    }),
  );
}

if (require.main === module) {
  record(process.argv[2] ?? 'current', process.argv.slice(3)).catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
}
