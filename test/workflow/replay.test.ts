import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Worker } from '@temporalio/worker';
import { pino } from 'pino';
import { installRuntime } from '../../worker/log';
import { historyFromJson } from '../support/history-json';
import { testTemporal } from '../support/temporal';

const folder = resolve(__dirname, '../../../test/histories');
const files = readdirSync(folder).filter((file) => file.endsWith('.json'));

function read(file: string): string {
  return readFileSync(join(folder, file), 'utf8');
}

async function replay(history: string): Promise<void> {
  installRuntime(pino({ level: 'silent' }));
  const workflowBundle = { codePath: testTemporal().bundlePath };
  await Worker.runReplayHistory({ workflowBundle }, historyFromJson(history));
}

describe('the workflow of today', () => {
  test.each(files)('goes on where the recorded run %s was', async (file) => {
    await replay(read(file));
  });

  test('is told from one that would do something else', async () => {
    const [file] = files.filter((each) => each.endsWith('lifecycle.json'));
    const history = read(file ?? '').replaceAll('"name": "applyBatch"', '"name": "applyAll"');
    await expect(replay(history)).rejects.toThrow(/applyAll|applyBatch/);
  });
});

test('recorded histories name no machine', () => {
  expect(files.length).toBeGreaterThan(5);
  for (const file of files) expect(read(file)).not.toMatch(/stackTrace|\d+@/);
});
