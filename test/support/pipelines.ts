/** Pipelines between SQLite files through the engine's front door, as a program without Temporal would run them. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createEngine, createRegistry, DEFAULT_SETTINGS, isCdcError } from '../../engine';
import type {
  Adapter,
  CdcError,
  Engine,
  EnginePorts,
  ErrorCode,
  Pipeline,
  PipelineRef,
  PipelineSettings,
  PipelineSpec,
  ReplicateOptions,
  ReplicateResult,
  SetupResult,
  TableMapping,
} from '../../engine';
import { sqliteAdapter } from '../../engine/adapters/sqlite';

export const CHAIN = 'chain-1';

export const REF: PipelineRef = { name: 'shop-copy', source: 'shop', target: 'warehouse' };

/** The real clock and real chance, unless said otherwise. */
export function testPorts(change: Partial<EnginePorts> = {}): EnginePorts {
  return {
    now: () => Date.now(),
    uuid: () => randomUUID(),
    delay: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted === true) {
          resolve();
          return;
        }
        const done = (): void => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', done);
          resolve();
        };
        const timer = setTimeout(done, ms);
        signal?.addEventListener('abort', done);
      }),
    randomEpoch: () => Math.floor(Math.random() * 2 ** 40),
    host: 'test-host',
    pid: process.pid,
    ...change,
  };
}

export interface EngineChange {
  readonly ports?: Partial<EnginePorts>;
  /** SQLite's if absent. */
  readonly adapter?: Adapter;
  /** Beside that one. */
  readonly others?: readonly Adapter[];
  readonly readOnly?: boolean;
}

/** An engine over two database URLs, as connections `shop` and `warehouse`. */
export function engineOver(source: string, target: string, change: EngineChange = {}): Engine {
  return createEngine({
    registry: createRegistry([change.adapter ?? sqliteAdapter, ...(change.others ?? [])]),
    connections: new Map([
      ['shop', source],
      ['warehouse', target],
    ]),
    ports: testPorts(change.ports),
    readOnly: change.readOnly ?? false,
  });
}

export function settingsOf(change: Partial<PipelineSettings> = {}): PipelineSettings {
  return { ...DEFAULT_SETTINGS, ...change };
}

/** Table names or mappings; `*` for all. */
export function specOf(
  tables: readonly (string | Partial<TableMapping>)[],
  settings: Partial<PipelineSettings> = {},
): PipelineSpec {
  return {
    ...REF,
    capture: 'trigger',
    mode: 'continuous',
    tables: tables.map((table) => ({
      from: '',
      to: null,
      columns: null,
      ...(typeof table === 'string' ? { from: table } : table),
    })),
    settings: settingsOf(settings),
  };
}

export function setUp(pipeline: Pipeline, spec: PipelineSpec, chain = CHAIN): Promise<SetupResult> {
  return pipeline.setup({ spec, chain, takeOver: false });
}

/** One attempt that ends when it has caught up. */
export function replicate(
  pipeline: Pipeline,
  generation: number,
  change: Partial<Omit<ReplicateOptions, 'settings'>> & {
    readonly settings?: Partial<PipelineSettings>;
  } = {},
): Promise<ReplicateResult> {
  return pipeline.replicate({
    chain: CHAIN,
    generation,
    maxChanges: null,
    lingerMs: 0,
    ...change,
    settings: settingsOf(change.settings),
  });
}

/** Sets up and replicates until nothing is left. */
export async function started(
  pipeline: Pipeline,
  spec: PipelineSpec,
): Promise<{ readonly generation: number; readonly result: ReplicateResult }> {
  const { generation } = await setUp(pipeline, spec);
  const result = await replicate(pipeline, generation, { settings: spec.settings });
  assert.ok(result.caughtUp, 'nothing is left');
  return { generation, result };
}

/** Waits for an attempt that parks a table, and returns its cause, which begins with this code. */
export async function parkedBy(
  attempt: Promise<ReplicateResult>,
  table: string,
  code: ErrorCode,
): Promise<string> {
  const { progress } = await attempt;
  const found = progress.find(({ source }) => source === table);
  assert.equal(found?.state, 'parked', `${table} is parked`);
  const cause = found.cause ?? '';
  assert.ok(cause.startsWith(`${code}: `), cause);
  return cause;
}

/** Waits for a rejection with this code and returns the error. */
export async function rejection(promise: Promise<unknown>, code: ErrorCode): Promise<CdcError> {
  const outcome = await promise.then(
    () => 'it resolved',
    (error: unknown) => error,
  );
  if (!isCdcError(outcome))
    throw outcome instanceof Error ? outcome : new Error(`expected ${code}: ${String(outcome)}`);
  assert.equal(outcome.code, code, outcome.message);
  assert.notEqual(outcome.hint, '', 'it says what to do');
  return outcome;
}
