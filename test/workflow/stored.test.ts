import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import {
  decode,
  fetchResult,
  firstInput,
  memoOf,
  roundReport,
  scheduledInputOf,
  scheduledResultOf,
  setupReport,
} from '../../client/stored';
import { historyFromJson } from '../support/history-json';

const FOLDER = resolve(__dirname, '../../../test/histories');
const HISTORIES = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));

function eventsOf(name: string) {
  return historyFromJson(readFileSync(join(FOLDER, name), 'utf8')).events ?? [];
}

function resultsOf(name: string): readonly unknown[] {
  return eventsOf(name).flatMap(({ activityTaskCompletedEventAttributes: completed }) => {
    const result = decode(completed?.result?.payloads?.[0]);
    return result === null ? [] : [result];
  });
}

describe('what Temporal keeps of ours', () => {
  test.each(HISTORIES)('is understood in the recorded history %s', (name) => {
    const [first] = eventsOf(name);
    const payload = decode(first?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0]);
    if (name.endsWith('-scheduled-run.json')) {
      // The workflow of a schedule's run, which has an input and a result of its own.
      const end = eventsOf(name).at(-1)?.workflowExecutionCompletedEventAttributes;
      expect(scheduledInputOf(payload)?.spec.name).toEqual(expect.any(String));
      expect(scheduledResultOf(decode(end?.result?.payloads?.[0]))).toMatchObject({ outcome: 'completed' });
      return;
    }
    const input = firstInput(payload);
    expect(input?.spec.name).toEqual(expect.any(String));
    expect(input?.carried === null).toBe(!/continued-[23]/.test(name));
    // Settings that came later have their defaults.
    expect(input?.spec.settings).toMatchObject({ onDelete: 'delete', createTables: true });
  });

  test('is told apart by what it holds', () => {
    const results = resultsOf('v1-failing.json');
    const kinds = results.map((result) =>
      [setupReport(result), fetchResult(result), roundReport(result)].map((kind) => kind !== null),
    );
    for (const kind of kinds) expect(kind.filter(Boolean).length).toBeLessThanOrEqual(1);
    for (const place of [0, 1, 2]) expect(kinds.some((kind) => kind[place])).toBe(true);
  });

  test('counts as nothing where a part of it is missing or of another kind', () => {
    const memo = {
      pipeline: 'orders',
      source: 'shop',
      target: 'copy',
      mode: 'continuous',
      state: 'running',
      since: 1,
      lastError: null,
    };
    expect(memoOf({ ...memo, added: 'by a later version' })).toEqual(memo);
    for (const key of Object.keys(memo)) expect(memoOf({ ...memo, [key]: Symbol('other') })).toBeNull();
    for (const nothing of [null, undefined, 7, 'text', [], {}]) {
      const readers = [memoOf, firstInput, roundReport, setupReport, fetchResult];
      expect(readers.map((read) => read(nothing))).toEqual(readers.map(() => null));
    }
    const [setup] = resultsOf('v1-lifecycle.json').filter((result) => setupReport(result) !== null);
    expect(setupReport({ ...Object(setup), tables: [{ source: 'orders' }] })).toBeNull();
  });

  test('shows an error of a later version by its own words', () => {
    const lastError = {
      code: 'OF_A_LATER_VERSION',
      message: 'Something new',
      hint: 'Do this.',
      retryable: false,
      at: 1,
      attempts: 2,
      nextAttemptAt: null,
    };
    const memo = {
      pipeline: 'p',
      source: 's',
      target: 't',
      mode: 'batch',
      state: 'failing',
      since: 1,
      lastError,
    };
    expect(memoOf(memo)?.lastError).toEqual({ ...lastError, code: 'INTERNAL' });
  });
});
