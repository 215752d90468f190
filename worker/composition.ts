/**
 * The composition root: the one place that names concrete adapters and gives the engine its real clock, chance and
 * process. An adapter of one's own is registered by building one's own root like this one.
 */
import { randomInt, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type DiagnosisReport,
  type Engine,
  type EnginePorts,
  type PipelineSpec,
  createEngine,
  createRegistry,
  diagnosePipelines,
} from '../engine';
import { mysqlAdapter } from '../engine/adapters/mysql';
import { postgresAdapter } from '../engine/adapters/postgres';
import { sqliteAdapter } from '../engine/adapters/sqlite';
import type { Config } from './config';

/** Every adapter that ships with the package. */
export const registry = createRegistry([sqliteAdapter, postgresAdapter, mysqlAdapter]);

/** The engine's ports onto this process. */
export function realPorts(): EnginePorts {
  return {
    now: () => Date.now(),
    uuid: () => randomUUID(),
    async delay(ms, signal) {
      // An abort ends the wait; it is no error.
      await sleep(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
    },
    randomEpoch: () => randomInt(2 ** 40),
    host: hostname(),
    pid: process.pid,
  };
}

/** `write`: for a worker. `read`: opens databases for reading only. */
export type EngineUse = 'write' | 'read';

/** An engine over the connections of a configuration. Opens nothing until a pipeline is asked for. */
export function openEngine(config: Pick<Config, 'connections'>, use: EngineUse = 'write'): Engine {
  return createEngine({
    registry,
    connections: config.connections,
    ports: realPorts(),
    readOnly: use === 'read',
  });
}

/** Looks at the databases of these pipelines, as `cdc doctor` tells. Writes nothing. */
export function diagnose(
  { connections }: Pick<Config, 'connections'>,
  specs: readonly PipelineSpec[],
): Promise<DiagnosisReport> {
  return diagnosePipelines({ registry, connections, ports: realPorts(), readOnly: true }, specs);
}
