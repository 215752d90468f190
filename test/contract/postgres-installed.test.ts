/**
 * The same contract on the PostgreSQL that is installed on this machine, which need not be the tests' own version: in
 * long runs.
 */
import { afterAll, beforeAll, describe, test } from '@jest/globals';
import { postgresAdapter } from '../../engine/adapters/postgres';
import { adapterContract } from '../../engine/contract';
import { postgresFixtureOn } from '../support/postgres-fixture';
import { installedPrograms } from '../support/postgres-programs';
import { startServer, type OwnServer } from '../support/postgres-server';

const LONG = process.env['CDC_LONG'] === '1';

const programs = installedPrograms();
let server: OwnServer | null = null;

beforeAll(async () => {
  if (programs !== null && LONG) server = await startServer({ max_connections: '200' }, programs);
});

afterAll(async () => {
  await server?.stop();
});

const where = programs === null || !LONG ? describe.skip : describe;
where('PostgreSQL as installed on this machine (none, or a short run: skipped)', () => {
  const cases = adapterContract({
    adapter: postgresAdapter,
    fixture: postgresFixtureOn(() => server?.url ?? ''),
    capabilities: { lateCommits: true, truncate: true, globalOrder: true },
  });
  for (const { name, run } of cases) test(name, run);
});
