/** `cdc sequences`: from the command line, without a worker or Temporal. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { runCdc, type CliResult } from '../support/cli';
import { databaseUrl, onServer } from '../support/postgres';
import { REF, specOf, started } from '../support/pipelines';
import { postgresPerTest } from '../support/postgres-scratch';
import { folderPerTest } from '../support/sqlite';

const { pipelineOf, scratch, clearing } = postgresPerTest();
const folder = folderPerTest();

function cdc(...args: readonly string[]): Promise<CliResult> {
  return runCdc(args, { cwd: folder.path });
}

/** `cdc.yaml` of the pipeline with these two databases. */
function configure(source: string, target: string): void {
  writeFileSync(
    join(folder.path, 'cdc.yaml'),
    `connections: { shop: { url: "${source}" }, warehouse: { url: "${target}" } }
pipelines: { ${REF.name}: { source: shop, target: warehouse, tables: [public.t] } }
`,
  );
}

async function json(...args: readonly string[]): Promise<unknown> {
  const { stdout, stderr } = await cdc('sequences', REF.name, '--json', ...args);
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout);
}

describe('cdc sequences', () => {
  test('tells how they stand, raises them, and says what it did', async () => {
    const source = await scratch('CREATE TABLE t (id int PRIMARY KEY)', 'INSERT INTO t VALUES (1234)');
    const target = await scratch('CREATE TABLE t (id serial PRIMARY KEY)');
    configure(source.url, target.url);
    expect(await cdc('sequences', REF.name)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('PIPELINE_UNKNOWN'),
    });
    await started(await pipelineOf(source, target), specOf(['public.t']));

    const dry = await cdc('sequences', REF.name, '--dry-run');
    expect(dry).toMatchObject({ code: 0, stderr: '' });
    expect(dry.stdout).toMatch(/public\.t_id_seq +public\.t\.id +1 +behind its rows/);
    expect(dry.stdout).toContain('1 sequence would be raised; nothing was written.');
    const entry = {
      sequence: 'public.t_id_seq',
      usedBy: [{ table: 'public.t', column: 'id' }],
      remedy: null,
    };
    const report = { version: 1, pipeline: REF.name, without: [] };
    expect(await json('--dry-run')).toEqual({
      ...report,
      dryRun: true,
      sequences: [{ ...entry, state: 'behind', next: 1, former: 1 }],
    });

    const done = await cdc('sequences', REF.name);
    expect(done).toMatchObject({ code: 0, stderr: '' });
    expect(done.stdout).toMatch(/1 -> 1235 +raised/);
    expect(done.stdout).toContain('1 sequence raised.');
    expect(await json()).toEqual({
      ...report,
      dryRun: false,
      sequences: [{ ...entry, state: 'enough', next: 1235, former: 1235 }],
    });
  });

  test('ends with 1 where the role may not set one, with the GRANT', async () => {
    const source = await scratch('CREATE TABLE t (id int PRIMARY KEY)');
    const target = await scratch('CREATE TABLE t (id serial PRIMARY KEY)');
    await started(await pipelineOf(source, target), specOf(['public.t']));
    const role = `reader_${target.url.slice(-12)}`;
    await target.execute(
      `CREATE ROLE ${role} LOGIN PASSWORD 'p'`,
      `GRANT USAGE ON SCHEMA cdc TO ${role}; GRANT SELECT ON ALL TABLES IN SCHEMA cdc TO ${role}`,
    );
    clearing(() => onServer((client) => client.query(`DROP ROLE ${role}`)));
    clearing(() => target.execute(`DROP OWNED BY ${role} CASCADE`));
    const name = new URL(target.url).pathname.slice(1);
    configure(source.url, databaseUrl(name, { name: role, password: 'p' }));
    const { code, stdout } = await cdc('sequences', REF.name, '--dry-run');
    expect(code).toBe(1);
    expect(stdout).toContain(`GRANT SELECT, UPDATE ON SEQUENCE "public"."t_id_seq" TO "${role}";`);
  });

  test('has nothing to do on SQLite, and says so', async () => {
    const source = await scratch('CREATE TABLE t (id int PRIMARY KEY)', 'INSERT INTO t VALUES (1)');
    const target = folder.url('target.db');
    configure(source.url, target);
    await started(await pipelineOf(source, { url: target }), specOf(['public.t']));
    const { code, stdout } = await cdc('sequences', REF.name);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('nothing has to be set') });
    expect(await json()).toMatchObject({ sequences: [], without: [] });
  });

  test('explains itself', async () => {
    const { code, stdout } = await cdc('sequences', '--help');
    expect(code).toBe(0);
    expect(stdout).toContain('--dry-run');
    expect(stdout).toContain('never lowers a sequence');
  });
});
