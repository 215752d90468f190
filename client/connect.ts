/** Connects to a Temporal server, by address or by the standard environment profile. */
import { Client, Connection, type ConnectionOptions } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { type CdcClient, type CdcClientOptions, createCdcClient } from './cdc-client';
import { unreachable } from './errors';

const CONNECT_TIMEOUT_MS = 4_000;

export interface ConnectOptions extends CdcClientOptions {
  /** `host:port`. Default: what the profile says, else `localhost:7233`. */
  readonly address?: string;
  /** Default: what the profile says, else `default`. */
  readonly namespace?: string;
  /** Profile of `temporal.toml`. Default: TEMPORAL_PROFILE, else `default`. */
  readonly profile?: string;
  /** TLS, API key and the rest, in place of the profile. */
  readonly connection?: ConnectionOptions;
}

export interface ConnectedCdcClient extends CdcClient {
  close(): Promise<void>;
}

/** Throws CdcClientError UNREACHABLE, within 5 s. */
export async function connect(options: ConnectOptions = {}): Promise<ConnectedCdcClient> {
  const { address, namespace, profile, connection: given, ...rest } = options;
  const loaded: { readonly connectionOptions: ConnectionOptions; readonly namespace?: string } =
    given === undefined
      ? loadClientConnectConfig(profile === undefined ? {} : { profile })
      : { connectionOptions: given };
  const chosen = { ...loaded.connectionOptions, ...(address === undefined ? {} : { address }) };
  const connection = await Connection.connect({ ...chosen, connectTimeout: CONNECT_TIMEOUT_MS }).catch(() => {
    throw unreachable(chosen.address ?? 'localhost:7233');
  });
  const temporal = new Client({ connection, namespace: namespace ?? loaded.namespace ?? 'default' });
  return { ...createCdcClient(temporal, rest), close: () => connection.close() };
}
