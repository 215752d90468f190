/** Which Temporal server a verb speaks to, and who said so. */
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { Config, Environment } from '../../worker/config';
import { DEFAULT_TASK_QUEUE } from '../../workflows/messages';
import { readDevFile } from './dev-file';
import { failed, wrongUse } from './outcome';

type ConnectionOptions = ReturnType<typeof loadClientConnectConfig>['connectionOptions'];

export interface TemporalTarget {
  /** Address and, from the environment's profile, TLS and credentials. */
  readonly connection: ConnectionOptions & { readonly address: string };
  readonly namespace: string;
  readonly taskQueue: string;
  /** Who named the address, for messages. */
  readonly origin: string;
}

export interface TemporalChoice {
  /** `--address` and `--namespace`. */
  readonly address: string | undefined;
  readonly namespace: string | undefined;
  /** Null where a verb runs without `cdc.yaml`. */
  readonly config: Config | null;
  /** Where `.cdc/` may be. */
  readonly folder: string;
  readonly environment: Environment;
}

/** Variables and `temporal.toml`, as the other tools of Temporal read them. */
function environmentProfile(environment: Environment): ReturnType<typeof loadClientConnectConfig> {
  const set = Object.entries(environment).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  try {
    return loadClientConnectConfig({ overrideEnvVars: Object.fromEntries(set) });
  } catch (error) {
    throw wrongUse(
      'The Temporal profile of the environment cannot be used.',
      `Look at TEMPORAL_PROFILE, TEMPORAL_CONFIG_FILE and the file's content. ${error instanceof Error ? error.message : ''}`.trim(),
    );
  }
}

/**
 * In this order: `--address`, `temporal.address` of the configuration, the environment (TEMPORAL_ADDRESS or a
 * profile), a running `cdc dev` in the configuration's folder.
 */
export function findTemporal(choice: TemporalChoice): TemporalTarget {
  const { config, folder } = choice;
  const profile = environmentProfile(choice.environment);
  const configured = config?.temporal.address ?? undefined;
  const fromProfile = profile.connectionOptions.address;
  const address = choice.address ?? configured ?? fromProfile;
  const namespace = choice.namespace ?? config?.temporal.namespace ?? profile.namespace;
  const taskQueue = config?.temporal.taskQueue ?? undefined;
  if (address !== undefined) {
    const origin =
      choice.address !== undefined
        ? '--address'
        : configured !== undefined
          ? `temporal.address in ${config?.file ?? ''}`
          : "the environment's Temporal profile";
    return {
      connection: { ...profile.connectionOptions, address },
      namespace: namespace ?? 'default',
      taskQueue: taskQueue ?? DEFAULT_TASK_QUEUE,
      origin,
    };
  }
  const dev = readDevFile(folder);
  if (dev === null || dev.address === null) {
    throw failed(
      dev === null
        ? `No Temporal server is named, and no \`cdc dev\` runs in ${folder}.`
        : `\`cdc dev\` in ${folder} is still starting.`,
      dev === null
        ? 'Run `cdc dev` in another terminal, or name a server with --address, temporal.address in cdc.yaml, or TEMPORAL_ADDRESS.'
        : 'Try again in a moment.',
    );
  }
  return {
    connection: { address: dev.address },
    namespace: namespace ?? dev.namespace,
    taskQueue: taskQueue ?? dev.taskQueue,
    origin: '`cdc dev`',
  };
}
