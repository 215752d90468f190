/** What a verb works with: the configuration, Temporal, the databases. Each is opened when it is first asked for. */
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import type { Engine, Pipeline } from '../../engine';
import type { PipelineSpec } from '../../engine/model';
import type { EngineUse } from '../../worker/composition';
import { type Config, didYouMean, loadConfig } from '../../worker/config';
import { CdcClientError, type ConnectedCdcClient, connect } from '..';
import { type CliContext, type GlobalOptions, globalOptions } from './context';
import { wrongUse } from './outcome';
import { type TemporalTarget, findTemporal } from './temporal-target';

/**
 * `databases`: `cdc.yaml` with its URLs. `specs`: `cdc.yaml` without them. `nothing`: it is read where it is there, for
 * the address of Temporal and the names of pipelines.
 */
export type Needs = 'databases' | 'specs' | 'nothing';

export interface Session {
  readonly context: CliContext;
  /** Null where `cdc.yaml` is not there and not needed. */
  readonly config: Config | null;
  /** Absolute path of the folder that `cdc.yaml` is or would be in. */
  readonly folder: string;
  /** A pipeline of the configuration; wrong use when it has none of that name. */
  spec(name: string): PipelineSpec;
  /** Which server the verb speaks to. */
  temporal(): TemporalTarget;
  client(): Promise<ConnectedCdcClient>;
  /** A pipeline's databases, opened in this process. */
  pipeline(name: string, use: EngineUse): Promise<Pipeline>;
  close(): Promise<void>;
}

async function loadFor(needs: Needs, options: GlobalOptions, context: CliContext): Promise<Config | null> {
  const { config: file, configGiven } = options;
  if (needs === 'nothing' && !configGiven && !existsSync(file)) return null;
  // The adapters are heavy: verbs that only steer do without them.
  const registry = needs === 'databases' ? (await import('../../worker/composition.js')).registry : null;
  return loadConfig({ file, environment: context.environment, registry });
}

function unknownPipeline(name: string, config: Config): Error {
  const names = [...config.pipelines.keys()];
  return wrongUse(
    `${config.file} has no pipeline "${name}"${didYouMean(name, names)}`,
    `It has: ${names.join(', ')}.`,
  );
}

async function connectTo(target: TemporalTarget): Promise<ConnectedCdcClient> {
  const { connection, namespace, taskQueue, origin } = target;
  try {
    return await connect({ connection, namespace, taskQueue });
  } catch (error) {
    if (!(error instanceof CdcClientError) || error.code !== 'UNREACHABLE') throw error;
    const message = `No Temporal server answers at ${connection.address}, which ${origin} names`;
    const hint = 'Start it, or run `cdc dev` for a server of your own, or name another one with --address.';
    throw new CdcClientError('UNREACHABLE', message, hint);
  }
}

/** Loads what the verb needs; throws CONFIG_INVALID. The caller closes the session: see `withSession`. */
export async function openSession(
  context: CliContext,
  options: GlobalOptions,
  needs: Needs,
): Promise<Session> {
  const config = await loadFor(needs, options, context);
  const folder = config?.folder ?? dirname(resolve(options.config));
  const engines = new Map<EngineUse, Engine>();
  let connected: Promise<ConnectedCdcClient> | null = null;

  const session: Session = {
    context,
    config,
    folder,
    spec(name) {
      if (config === null) throw new Error('This verb was opened without a configuration');
      const spec = config.pipelines.get(name);
      if (spec === undefined) throw unknownPipeline(name, config);
      return spec;
    },
    temporal: () => findTemporal({ ...options, config, folder, environment: context.environment }),
    client() {
      connected ??= Promise.resolve().then(() => connectTo(session.temporal()));
      return connected;
    },
    async pipeline(name, use) {
      const { source, target, capture } = session.spec(name);
      const { openEngine } = await import('../../worker/composition.js');
      const engine = engines.get(use) ?? openEngine(config ?? { connections: new Map() }, use);
      engines.set(use, engine);
      return engine.pipeline({ name, source, target, capture });
    },
    async close() {
      const client = await connected?.catch(() => null);
      await Promise.all([client?.close(), ...[...engines.values()].map((engine) => engine.close())]);
    },
  };
  return session;
}

/** Longest that a verb's end is held up by a connection which does not close. */
const CLOSE_TIMEOUT_MS = 1_000;

/** Opens a session, does the work, closes the session whatever happens. */
export async function withSession<T>(
  context: CliContext,
  command: Command,
  needs: Needs,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await openSession(context, globalOptions(command), needs);
  try {
    return await work(session);
  } finally {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((done) => {
      timer = setTimeout(done, CLOSE_TIMEOUT_MS);
    });
    await Promise.race([session.close().catch(() => undefined), late]);
    clearTimeout(timer);
  }
}
