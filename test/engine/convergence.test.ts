import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from '@jest/globals';
import fc from 'fast-check';
import { playScenario, scenarioArbitrary } from '../support/random-scenario';

const long = process.env['CDC_LONG'] === '1';

/** The machine may have others to serve. */
const TIMEOUT_MS = long ? 60 * 60_000 : 4 * 60_000;

async function converges(): Promise<void> {
  await fc.assert(
    fc.asyncProperty(scenarioArbitrary, async (scenario) => {
      const folder = await mkdtemp(join(tmpdir(), 'temporal-cdc-'));
      try {
        await playScenario(folder, scenario);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    }),
    { numRuns: long ? 3_000 : 15, includeErrorInReport: true },
  );
}

test('whatever is written, wherever replication stops, both sides end equal', converges, TIMEOUT_MS);
