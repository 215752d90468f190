/**
 * What a whole run leaves behind in Temporal, in the worker's log and in what the command line says: no row value, key,
 * position, password or folder, whatever goes wrong on the way.
 */
import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { createCdcClient } from '../../client';
import { runCdc, startCdc, type CliResult } from '../support/cli';
import { textsOf } from '../support/history-json';
import { openSide, type Side } from '../support/pair-sides';
import { sharedServer } from '../support/postgres';
import { folderPerTest } from '../support/sqlite';
import { testTemporalAddress } from '../support/temporal';
import { cleanup, connectTemporal, endWorkflow, until } from '../support/workflow-bench';

type Family = 'sqlite' | 'postgres';

const folder = folderPerTest();

/** What each kind of database says in its own way. */
interface Dialect {
  /** Statements that make a trigger on a table which refuses each row with this text. */
  refuse(table: string, on: 'INSERT' | 'DELETE', text: string): readonly string[];
  allow(table: string): readonly string[];
  /** As `refuse`, by an error that nobody expects; null where the database has none. */
  readonly surprise: ((table: string, text: string) => readonly string[]) | null;
  /** Statements that keep each position which is saved from now on, and one that answers them as JSON. */
  readonly keepPositions: readonly string[];
  readonly positions: string;
  /** With a password where that changes nothing. */
  url(side: Side, password: string): string;
}

function postgresTrigger(table: string, on: string, raise: string): readonly string[] {
  return [
    `CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${raise}; END $$`,
    `CREATE TRIGGER refuse BEFORE ${on} ON ${table} FOR EACH ROW EXECUTE FUNCTION refuse()`,
    `ALTER TABLE ${table} ENABLE ALWAYS TRIGGER refuse`,
  ];
}

const DIALECTS: Readonly<Record<Family, Dialect>> = {
  sqlite: {
    refuse: (table, on, text) => [
      `CREATE TRIGGER refuse BEFORE ${on} ON ${table} BEGIN SELECT RAISE(ABORT, '${text}'); END`,
    ],
    allow: () => ['DROP TRIGGER refuse'],
    surprise: null,
    keepPositions: [
      'CREATE TABLE kept (position TEXT)',
      'CREATE TRIGGER keep AFTER INSERT ON _cdc_pipeline BEGIN INSERT INTO kept VALUES (NEW.position); END',
    ],
    positions: 'SELECT json_group_array(DISTINCT position) FROM kept',
    url: ({ url }) => url,
  },
  postgres: {
    refuse: (table, on, text) => postgresTrigger(table, on, `RAISE EXCEPTION '${text}'`),
    allow: (table) => [`DROP TRIGGER refuse ON ${table}`],
    surprise: (table, text) =>
      postgresTrigger(
        table,
        'INSERT',
        `RAISE EXCEPTION '${text}' USING ERRCODE = 'ZZ999', DETAIL = '${text}'`,
      ),
    keepPositions: [
      'CREATE TABLE kept (position text)',
      `CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN INSERT INTO public.kept VALUES (NEW.position); RETURN NULL; END $$`,
      'CREATE TRIGGER keep AFTER UPDATE ON cdc.pipeline FOR EACH ROW EXECUTE FUNCTION keep()',
      'ALTER TABLE cdc.pipeline ENABLE ALWAYS TRIGGER keep',
    ],
    positions: 'SELECT json_agg(DISTINCT position) FROM kept',
    url({ url }, password) {
      const shown = new URL(url);
      // The tests' own server asks for none.
      if (shown.password === '') shown.password = password;
      return shown.href;
    },
  },
};

function secretWord(): string {
  return `s${randomBytes(9).toString('hex')}`;
}

function secretNumber(): number {
  return randomInt(1_000_000_000, 2_000_000_000);
}

async function privateRun([from, to]: readonly [Family, Family]) {
  const side = (family: Family, name: string): Promise<Side> =>
    openSide(family, { folder, servers: { postgres: sharedServer() }, name });
  const [source, target] = [await side(from, 'source'), await side(to, 'target')];
  cleanup(() => Promise.all([source.dispose(), target.dispose()]));
  await source.createTables();
  const temporal = await connectTemporal();
  const name = `p-${randomUUID().slice(0, 8)}`;
  cleanup(() => endWorkflow(temporal, name));
  const secrets = {
    password: secretWord(),
    note: secretWord(),
    changed: secretWord(),
    key: secretWord(),
    raised: secretWord(),
    surprise: secretWord(),
    number: String(secretNumber()),
    double: String(secretNumber()),
    folder: folder.path,
  };
  const urls = [DIALECTS[from].url(source, secrets.password), DIALECTS[to].url(target, secrets.password)];
  writeFileSync(
    join(folder.path, 'cdc.yaml'),
    `connections: { shop: { url: "${urls[0] ?? ''}" }, warehouse: { url: "${urls[1] ?? ''}" } }
temporal: { address: "${testTemporalAddress()}", taskQueue: "q-${name}" }
pipelines:
  ${name}: { source: shop, target: warehouse, tables: [${source.tables.join(', ')}], round: 1s }
`,
  );
  const worker = startCdc(['worker'], { cwd: folder.path });
  cleanup(() => worker.signal('SIGKILL'));
  await worker.said('is running');
  const said: string[] = [];
  const client = createCdcClient(temporal, { taskQueue: `q-${name}` });
  return {
    ...{ source, target, temporal, name, secrets, worker, client, said },
    /** Runs a verb that has no business to show a value, and keeps what it says. */
    async cdc(...args: readonly string[]): Promise<CliResult> {
      const result = await runCdc(args, { cwd: folder.path });
      said.push(`cdc ${args.join(' ')}\n${result.stdout}${result.stderr}`);
      return result;
    },
  };
}

/** Either side of each kind is in the others, too. */
function inLongRuns(
  ...pairs: readonly (readonly [Family, Family])[]
): readonly (readonly [Family, Family])[] {
  return process.env['CDC_LONG'] === '1' ? pairs : [];
}

describe('no value, key, position or secret gets into Temporal, a log or a message', () => {
  test.each<readonly [Family, Family]>([
    ['sqlite', 'postgres'],
    ['postgres', 'sqlite'],
    ...inLongRuns(['sqlite', 'sqlite'], ['postgres', 'postgres']),
  ])('from %s to %s', async (from, to) => {
    const run = await privateRun([from, to]);
    const { source, target, name, secrets, client } = run;
    const cdc = (...args: readonly string[]): Promise<CliResult> => run.cdc(...args);
    const { note, changed, key, number, double } = secrets;
    const [accounts = ''] = source.tables;
    const there = DIALECTS[to];
    await source.execute(`INSERT INTO accounts VALUES (1, ${number}, '${note}')`);

    expect(await cdc('plan', name)).toMatchObject({ code: 0 });
    expect(await cdc('start', name)).toMatchObject({ code: 0 });
    await target.execute(...there.keepPositions);
    await source.execute(
      `INSERT INTO pairs VALUES (1, '${key}', 5)`,
      `UPDATE accounts SET note = '${changed}' WHERE id = 1`,
    );
    expect(await cdc('wait', name, 'caught-up')).toMatchObject({ code: 0 });
    expect(await target.rows()).toEqual(await source.rows());
    expect((await runCdc(['changes', name, accounts], { cwd: folder.path })).stdout).toContain(changed);

    // What nobody expects makes the pipeline fail, and is logged.
    if (there.surprise !== null) {
      await target.execute(...there.surprise('accounts', secrets.surprise));
      await source.execute(`INSERT INTO accounts VALUES (2, ${number}, '${note}')`);
      await until('it fails', async () => (await client.status(name)).state === 'failing');
      await cdc('status', name);
      await cdc('health', name);
      await target.execute(...there.allow('accounts'));
      expect(await cdc('wait', name, 'caught-up')).toMatchObject({ code: 0 });
    }

    // Rows that the target refuses park their tables; the driver tells of them with their values.
    await target.execute(
      'CREATE UNIQUE INDEX once ON pairs (n)',
      ...there.refuse('accounts', 'DELETE', secrets.raised),
    );
    await source.execute(
      'DELETE FROM accounts',
      `INSERT INTO pairs VALUES (2, '${key}', ${double})`,
      `INSERT INTO pairs VALUES (3, '${key}', ${double})`,
    );
    const areParked = async (): Promise<boolean> =>
      (await client.status(name)).tables.every(({ state, cause }) => state === 'parked' && cause !== null);
    await until('both tables are parked', areParked);
    expect(await cdc('resume', name, '--table', accounts)).toMatchObject({ code: 0 });
    await until('it is parked again', areParked);
    const verbs = ['status', 'health', 'doctor', 'plan', 'sequences', 'resync'];
    const [status, ...others] = await Promise.all([
      ...verbs.map((verb) => cdc(verb, name, ...(verb === 'resync' ? [`${accounts}s`] : []))),
      // It names rows by their keys, unless it is to name none.
      cdc('verify', name, '--limit', '0'),
      cdc('list'),
      cdc('wait', name, 'caught-up', '--timeout', '1s'),
    ]);
    expect(status.stdout).toContain('CONSTRAINT_FAILED');
    expect(others).toContainEqual(expect.objectContaining({ code: 2 }));
    expect(await cdc('pause', name)).toMatchObject({ code: 0 });
    expect(await cdc('stop', name)).toMatchObject({ code: 0 });
    const positions = z.array(z.string()).parse(JSON.parse(String(await target.execute(there.positions))));
    expect(positions.length).toBeGreaterThan(0);
    expect(positions.every((position) => position.length > 10)).toBe(true);
    run.worker.signal('SIGTERM');
    const { stdout, stderr } = await run.worker.result;

    const history = textsOf(await run.temporal.workflow.getHandle(`cdc:${name}`).fetchHistory());
    const stored = [...history, JSON.stringify(await client.list())].join('\n');
    const log = `${stdout}${stderr}`;
    expect(stored).toContain(accounts);
    expect(stored).toContain('CONSTRAINT_FAILED');
    if (there.surprise !== null) expect(log).toContain('Unexpected error');
    const places = { stored, log, said: run.said.join('\n') };
    const planted = [
      ...Object.entries(secrets),
      ...positions.map((position) => ['position', position] as const),
    ];
    for (const [where, text] of Object.entries(places)) {
      for (const [what, secret] of planted) {
        expect({ where, what, found: linesWith(text, secret) }).toEqual({ where, what, found: [] });
      }
    }
    expect(stored).not.toMatch(/"position"|\\"at\\"|sqlite:|postgres:/);
  });
});

/** As it is, or inside of a JSON text. */
function linesWith(text: string, secret: string): readonly string[] {
  const spellings = [secret, JSON.stringify(secret).slice(1, -1)];
  return text.split('\n').filter((line) => spellings.some((spelling) => line.includes(spelling)));
}
