import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { runCdc } from '../support/cli';
import { folderPerTest } from '../support/sqlite';

const folder = folderPerTest();

const CONFIG = `connections:
  shop: { url: "sqlite:./shop.db" }
  warehouse: { url: "sqlite:./warehouse.db" }
pipelines:
  orders: { source: shop, target: warehouse, tables: ["*"] }
`;

function writeConfig(text: string): void {
  writeFileSync(join(folder.path, 'cdc.yaml'), text);
}

/** Runs a command that must be refused, and returns what it said. */
async function refused(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  const { code, stdout, stderr } = await runCdc(args, { cwd: folder.path, env });
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).not.toMatch(/\n\s+at /);
  return stderr;
}

describe('wrong use ends with 2, says why on stderr, and leaves stdout empty', () => {
  test.each<[string, readonly string[], string]>([
    ['no verb', [], 'Usage: cdc'],
    ['an unknown verb', ['strat', 'orders'], '(Did you mean start?)'],
    ['an unknown option', ['status', 'orders', '--jsno'], '(Did you mean --json?)'],
    ['no name', ['pause'], "missing required argument 'name'"],
    ['a wait for something else', ['wait', 'orders', 'forever'], 'Allowed choices are caught-up'],
    ['a time without unit', ['wait', 'orders', 'caught-up', '--timeout', '60'], 'a duration such as 10s'],
    ['a limit that is none', ['changes', 'orders', 'x', '--limit', '0'], 'a whole number from 1'],
    ['two schedules', ['schedule', 'orders', '--every', '5m', '--pause'], 'One thing at a time'],
    ['an interval without unit', ['schedule', 'orders', '--every', '5'], 'every must be a duration'],
    [
      'a cron of four fields',
      ['schedule', 'orders', '--cron', '* * * *'],
      'a cron expression of five fields',
    ],
    ['a schedule of a continuous pipeline', ['schedule', 'orders', '--every', '5m'], 'mode: batch'],
    ['a time that is none', ['schedule', 'orders', '--backfill', 'yesterday..now'], 'takes FROM..TO'],
    ['a zone alone', ['schedule', 'orders', '--timezone', 'UTC'], '--timezone and --jitter go with'],
    ['a note alone', ['schedule', 'orders', '--note', 'x'], '--note goes with'],
    ['a limit that is none, for verify', ['verify', 'orders', '--limit', 'all'], 'a whole number from 0'],
    ['a port that is none', ['dev', '--port', '99999'], 'a port from 1 to 65535'],
  ])('%s', async (_what, args, words) => {
    writeConfig(CONFIG);
    expect(await refused(args)).toContain(words);
  });

  test.each([[['ddl', 'orders']]])('a verb that does not exist yet is named: %j', async (args) => {
    writeConfig(CONFIG);
    const said = await refused(args);
    expect(said).toContain('is not supported yet');
    expect(said).toContain(args[0]);
  });
});

describe('a wrong configuration ends with 2 and names the line', () => {
  test('an unknown key', async () => {
    writeConfig(CONFIG.replace('tables:', 'tabels:'));
    expect(await refused(['start', 'orders']))
      .toBe(`cdc.yaml:5:46 pipelines.orders.tabels: unknown key; did you mean "tables"?
Correct this place and try again.
`);
  });

  test.each(['start', 'plan', 'verify', 'health', 'teardown'])(
    'a variable that is not set, for %s',
    async (verb) => {
      writeConfig(CONFIG.replace('sqlite:./shop.db', '${SHOP_URL}'));
      const said = await refused([verb, 'orders']);
      expect(said).toContain(
        'cdc.yaml:2:16 connections.shop.url: the environment variable SHOP_URL is not set',
      );
    },
  );

  test('a condition that the source does not take is named with its table and what is wrong', async () => {
    folder.database('shop.db', 'CREATE TABLE orders (id INTEGER PRIMARY KEY, total REAL)');
    writeConfig(CONFIG.replace('["*"]', '[{ from: orders, where: "totl > 1" }]'));
    const { code, stdout, stderr } = await runCdc(['plan', 'orders'], { cwd: folder.path });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('Table orders: `where` is refused: no such column: totl');
    expect(stderr).toContain('FILTER_INVALID');
  });

  test('no file', async () => {
    expect(await refused(['start', 'orders'])).toContain('There is no file cdc.yaml');
    expect(await refused(['status', 'orders', '--config', 'other.yaml'])).toContain('no file other.yaml');
  });

  test('a misspelt pipeline gets its near misses', async () => {
    writeConfig(CONFIG);
    for (const verb of ['start', 'plan', 'verify', 'health']) {
      expect(await refused([verb, 'ordres'])).toContain('no pipeline "ordres"; did you mean "orders"?');
    }
  });

  test('a secret of the environment is not shown', async () => {
    writeConfig(CONFIG.replace('sqlite:./shop.db', '${SHOP_URL}'));
    const said = await refused(['start', 'orders'], { SHOP_URL: 'mongodb://u:pa55word@host/db' });
    expect(said).toContain('cdc.yaml:2:16 connections.shop.url: "mongodb:" is not supported yet');
    expect(said).not.toContain('pa55word');
    for (const [scheme, kind] of [
      ['postgres', 'PostgreSQL'],
      ['mysql', 'MySQL'],
    ] as const) {
      const unknown = await refused(['start', 'orders'], {
        SHOP_URL: `${scheme}://u:pa55word@host/db?sslmodus=off`,
      });
      expect(unknown).toContain(`A ${kind} URL has a parameter that is not known: sslmodus`);
      expect(unknown).not.toContain('pa55word');
    }
  });
});

describe('without a Temporal server', () => {
  test('nobody named one: says how to get one', async () => {
    writeConfig(CONFIG);
    const { code, stdout, stderr } = await runCdc(['status', 'orders'], { cwd: folder.path });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('No Temporal server is named');
    expect(stderr).toContain('cdc dev');
  });

  test.each<[string, readonly string[], Readonly<Record<string, string>>, string]>([
    ['an option', ['--address', '127.0.0.1:9'], {}, '--address'],
    ['the environment', [], { TEMPORAL_ADDRESS: '127.0.0.1:9' }, "the environment's Temporal profile"],
    ['the configuration', ['--config', 'named.yaml'], {}, 'temporal.address in named.yaml'],
    [
      'the configuration, before the environment,',
      ['--config', 'named.yaml'],
      { TEMPORAL_ADDRESS: '127.0.0.1:8' },
      'temporal.address in named.yaml',
    ],
    [
      'an option, before the configuration,',
      ['--config', 'named.yaml', '--address', '127.0.0.1:9'],
      {},
      '--address',
    ],
  ])('the one that %s names does not answer: says who named it', async (_what, args, env, origin) => {
    writeConfig(CONFIG);
    writeFileSync(join(folder.path, 'named.yaml'), `${CONFIG}temporal: { address: "127.0.0.1:9" }\n`);
    const { code, stderr } = await runCdc(['pause', 'orders', ...args], { cwd: folder.path, env });
    expect(code).toBe(1);
    expect(stderr).toContain(`No Temporal server answers at 127.0.0.1:9, which ${origin} names`);
  });

  test('help and version go to stdout and end with 0', async () => {
    const [help, version] = await Promise.all([
      runCdc(['wait', '--help'], { cwd: folder.path }),
      runCdc(['--version'], { cwd: folder.path }),
    ]);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toContain('--timeout');
    expect(help.stdout).toContain('--config');
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
