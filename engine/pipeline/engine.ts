/** Makes engines: pipelines by name over a registry of adapters and a list of connections. */
import { nearMissHint } from '../capture';
import { CdcError } from '../errors';
import type { Registry } from '../registry';
import { openConnections } from './connections';
import type { Engine, EnginePorts, Pipeline, PipelineRef } from './contract';
import { openPipeline } from './open-pipeline';

export interface EngineOptions {
  readonly registry: Registry;
  /** URLs with their secrets, by the name of the connection. They stay in here. */
  readonly connections: ReadonlyMap<string, string>;
  readonly ports: EnginePorts;
  /** Open databases for reading only. */
  readonly readOnly?: boolean;
}

/** Errors of its methods: CONFIG_INVALID for an unknown connection, ADAPTER_UNKNOWN, SOURCE_IS_TARGET. */
export function createEngine(options: EngineOptions): Engine {
  const { registry, connections, ports } = options;
  const shared = new Map<string, Pipeline>();

  const urlOf = (name: string, pipeline: string): string => {
    const url = connections.get(name);
    if (url !== undefined) return url;
    const names = [...connections.keys()];
    throw new CdcError(
      'CONFIG_INVALID',
      `Pipeline ${pipeline} names the connection ${name}, which is not configured`,
      {
        hint: nearMissHint(name, names, `Configured: ${names.join(', ') || 'none'}.`),
      },
    );
  };

  const make = (ref: PipelineRef): Pipeline => {
    const urls = { source: urlOf(ref.source, ref.name), target: urlOf(ref.target, ref.name) };
    const pair = openConnections(registry, urls, {
      readOnly: options.readOnly ?? false,
      capture: ref.capture ?? 'trigger',
      ports,
    });
    const { sourceAdapter, targetAdapter } = pair;
    if (
      sourceAdapter.name === targetAdapter.name &&
      sourceAdapter.identify(urls.source) === targetAdapter.identify(urls.target)
    ) {
      throw new CdcError(
        'SOURCE_IS_TARGET',
        `Source and target of pipeline ${ref.name} are the same database`,
      );
    }
    return openPipeline(ref, pair, ports);
  };

  return {
    // Async so that a configuration error rejects instead of being thrown.
    async pipeline(ref) {
      const key = JSON.stringify([ref.name, ref.source, ref.target, ref.capture ?? 'trigger']);
      const known = shared.get(key) ?? make(ref);
      shared.set(key, known);
      return Promise.resolve(known);
    },
    open: async (ref) => Promise.resolve(make(ref)),
    async close() {
      const open = [...shared.values()];
      shared.clear();
      await Promise.all(open.map((pipeline) => pipeline.close()));
    },
  };
}
