import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { spawnBoundChild } from './bound-child';
import { findTemporalBinary } from './find-binary';
import { freePorts } from './free-ports';
import { TemporalServerError } from './temporal-server-error';

/** How a dev server is started. */
export interface DevServerOptions {
  /** File of the server's state, in a folder that exists; without one it forgets everything when it ends. */
  readonly dbFilename?: string;
  /** Port of the gRPC service; default: a free one. */
  readonly port?: number;
  /** Port of the web UI; default: a free one. */
  readonly uiPort?: number;
  /** Created at start if it isn't there; default: `default`. */
  readonly namespace?: string;
  /** Address to listen on; default: 127.0.0.1. */
  readonly ip?: string;
  /** Whether to do without the web UI; default: false. */
  readonly headless?: boolean;
  /** The server's dynamic configuration, beside what `startDevServer` sets itself. */
  readonly dynamicConfig?: Readonly<Record<string, string | number | boolean>>;
  /** Gets each line that the server writes (warnings and errors). */
  readonly log?: (line: string) => void;
  /** Default: what `findTemporalBinary` finds. */
  readonly binary?: string;
  /** Milliseconds until the server must answer; default: 30,000. */
  readonly startTimeoutMs?: number;
  /** Default: the environment of this process. */
  readonly env?: NodeJS.ProcessEnv;
}

/** A running dev server. */
export interface DevServer {
  /** `host:port` of the gRPC service. */
  readonly address: string;
  /** Undefined when headless. */
  readonly uiUrl: string | undefined;
  readonly namespace: string;
  readonly pid: number;
  /** Resolves when the server has ended for whatever reason. */
  readonly ended: Promise<void>;
  /** Ends the server, by force after five seconds; may be called again. */
  readonly stop: () => Promise<void>;
}

/**
 * The dev server's queue reader looks for new tasks 20 times a second by default, so each step of a workflow waits
 * for it: a chain of no-op activities costs 50 ms each. With 2000 it is 10 to 13 ms (2 cores, other work going on).
 * Eager dispatch of activities saves 3 ms of these and is on by default.
 */
const DYNAMIC_CONFIG = { 'history.transferProcessorMaxPollRPS': 2000 } as const;

/**
 * With SQLite's rollback journal a step of a workflow waits for the disk several times (18 ms, 70 ms on a busy one),
 * with these 10 to 11 ms. A killed server loses nothing; a machine that loses power may lose the last moment.
 */
const SQLITE_PRAGMAS = ['journal_mode=WAL', 'synchronous=NORMAL'] as const;

const STOP_GRACE_MS = 5_000;
const PORT_ATTEMPTS = 5;
const OUTPUT_KEPT = 4_000;
/** Of a server that panics, the first lines say why, and thousands of characters of stack follow. */
const BEGINNING_KEPT = 1_000;
const PORT_TAKEN = 'address already in use';

/**
 * Starts the Temporal dev server as a child process, and resolves when its namespace answers.
 *
 * @throws TemporalServerError `TEMPORAL_BINARY_NOT_FOUND`, or `TEMPORAL_SERVER_NOT_STARTED` with the last that the
 * server wrote.
 */
export async function startDevServer(options: DevServerOptions = {}): Promise<DevServer> {
  const env = options.env ?? process.env;
  const binary = options.binary ?? (await findTemporalBinary({ env })).path;
  for (let attempt = 1; ; attempt++) {
    const started = await tryToStart(binary, options, env);
    if (!('output' in started)) return started;
    // Between our look for free ports and the server's use of them somebody else took one.
    const ourPorts = options.port === undefined && options.uiPort === undefined;
    if (ourPorts && started.portTaken && attempt < PORT_ATTEMPTS) continue;
    const output = started.output === '' ? ' It wrote nothing.' : ` The last it wrote:\n${started.output}`;
    throw new TemporalServerError(
      'TEMPORAL_SERVER_NOT_STARTED',
      `The Temporal dev server (${binary}) ${started.reason}.${output}`,
      'See what the server wrote; another port or another database file may help.',
      true,
    );
  }
}

interface NotStarted {
  readonly reason: string;
  /** The beginning and the end of what it wrote. */
  readonly output: string;
  readonly portTaken: boolean;
}

async function tryToStart(
  binary: string,
  options: DevServerOptions,
  env: NodeJS.ProcessEnv,
): Promise<DevServer | NotStarted> {
  const { namespace = 'default', ip = '127.0.0.1', headless = false, startTimeoutMs = 30_000 } = options;
  const [freePort = 0, freeUiPort = 0] = await freePorts(ip, 2);
  const port = options.port ?? freePort;
  const uiPort = options.uiPort ?? freeUiPort;
  const address = `${ip.includes(':') ? `[${ip}]` : ip}:${port}`;
  const dynamicConfig = { ...DYNAMIC_CONFIG, ...options.dynamicConfig };

  const child = spawnBoundChild(
    binary,
    [
      ...['server', 'start-dev', '--ip', ip, '--port', String(port), '--namespace', namespace],
      ...['--log-level', 'warn'],
      ...(headless ? ['--headless'] : ['--ui-port', String(uiPort)]),
      ...databaseArguments(options.dbFilename),
      ...Object.entries(dynamicConfig).flatMap(([key, value]) => [
        '--dynamic-config-value',
        `${key}=${JSON.stringify(value)}`,
      ]),
    ],
    withoutTemporalSettings(env),
  );

  const written = { beginning: '', tail: '', announced: false, portTaken: false };
  let endReason: string | undefined;
  const ended = new Promise<void>((resolve) => {
    const end = (reason: string) => {
      endReason ??= reason;
      resolve();
    };
    child.once('error', (error) => end(`could not be run: ${error.message}`));
    // `close` comes after the last output, `exit` may come before it.
    child.once('close', (code, signal) => end(`ended with ${signal ?? `exit code ${code ?? '?'}`}`));
  });
  const read = (text: string) => {
    const room = BEGINNING_KEPT - written.beginning.length;
    written.beginning += text.slice(0, room);
    const tail = written.tail + text.slice(room);
    const all = written.beginning + tail;
    // Written once the server listens: what answers at the address is this server, not another one.
    written.announced ||= all.includes('Temporal Server:');
    written.portTaken ||= all.includes(PORT_TAKEN);
    written.tail = tail.slice(-OUTPUT_KEPT);
    if (options.log !== undefined) text.trimEnd().split('\n').forEach(options.log);
  };
  child.stdout.setEncoding('utf8').on('data', read);
  child.stderr.setEncoding('utf8').on('data', read);

  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= (async () => {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_GRACE_MS);
      await ended;
      clearTimeout(timer);
    })();
    return stopping;
  };

  const deadline = performance.now() + startTimeoutMs;
  while (endReason === undefined && performance.now() < deadline) {
    if (written.announced && (await namespaceAnswers(address, namespace))) {
      const uiUrl = headless ? undefined : `http://${address.replace(/\d+$/, String(uiPort))}`;
      return { address, uiUrl, namespace, pid: child.pid ?? 0, ended, stop };
    }
    await Promise.race([sleep(20), ended]);
  }
  const reason = endReason ?? `did not answer within ${startTimeoutMs / 1000} s`;
  await stop();
  const { beginning, tail, portTaken } = written;
  return { reason, output: (beginning + tail).trim(), portTaken };
}

function databaseArguments(dbFilename: string | undefined): readonly string[] {
  if (dbFilename === undefined) return [];
  const pragmas = SQLITE_PRAGMAS.flatMap((pragma) => ['--sqlite-pragma', pragma]);
  return ['--db-filename', dbFilename, ...pragmas];
}

/** What is set for clients of a cluster shall not steer a server of our own. */
function withoutTemporalSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('TEMPORAL_')));
}

async function namespaceAnswers(address: string, namespace: string): Promise<boolean> {
  const connection = Connection.lazy({ address });
  try {
    await connection.withDeadline(Date.now() + 2_000, () =>
      connection.workflowService.describeNamespace({ namespace }),
    );
    return true;
  } catch {
    return false;
  } finally {
    await connection.close();
  }
}
