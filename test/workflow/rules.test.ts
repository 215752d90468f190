import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DEFAULT_SETTINGS } from '../../engine';
import type { KeysetCapture, PipelineSpec, TableProgress } from '../../engine';
import { FIRST_DELAY_MS, LONGEST_DELAY_MS, backoffMs } from '../../workflows/backoff';
import type { PipelineState } from '../../workflows/messages';
import { BACKLOG_BOUNDS, LETTER_BOUNDS, SETTING_BOUNDS } from '../../workflows/messages/limits';
import { initialStatus, withProgress } from '../../workflows/messages/status';
import { applyFault } from '../../workflows/applying';
import { captureFault, changeFault, settingsFault } from '../../workflows/settings';
import { type PipelineEvent, type Request, isEnd, refusal, transition } from '../../workflows/states';

const STATES: readonly PipelineState[] = [
  'starting',
  'snapshotting',
  'running',
  'pausing',
  'paused',
  'failing',
  'stopped',
  'completed',
];
const EVENTS: readonly PipelineEvent[] = [
  'begin',
  'copying',
  'replicating',
  'failed',
  'hold',
  'fenced',
  'ended',
  'completed',
];
const REQUESTS: readonly Request[] = ['pause', 'resume', 'stop', 'resync', 'settings', 'apply'];

const BY_COLUMN: KeysetCapture = {
  by: 'timestamp',
  column: 'updated_at',
  lookbackMs: null,
  deleted: null,
  allowScan: false,
  per: 'table',
  sweepMs: 60_000,
};

const SPEC: PipelineSpec = {
  name: 'orders',
  source: 'shop',
  target: 'warehouse',
  capture: 'trigger',
  mode: 'continuous',
  tables: [{ from: 'orders', to: null, columns: null }],
  settings: DEFAULT_SETTINGS,
};

function progressOf(source: string, inserted: number): TableProgress {
  const counts = { inserted, updated: 0, deleted: 0, snapshotRows: 0, deadLetters: 0 };
  return { source, target: source, state: 'replicating', cause: null, copy: null, ...counts };
}

test('a report of an attempt that began before a setup adds no table that has left', () => {
  const status = { ...initialStatus(SPEC, 0), tables: [progressOf('orders', 1)] };
  const report = {
    progress: [progressOf('orders', 2), progressOf('gone', 5)],
    backlog: 0,
    lagMs: 0,
    lastAppliedAt: 1,
    asOf: 2,
    atomicCuts: 0,
  };
  expect(withProgress(status, report).tables).toEqual([progressOf('orders', 2)]);
});

const state = fc.constantFrom(...STATES);
const event = fc.constantFrom(...EVENTS);
const request = fc.constantFrom(...REQUESTS);

describe('the states of a pipeline', () => {
  test('never leave an end, and refuse everything there', () => {
    fc.assert(
      fc.property(
        fc.array(event),
        fc.constantFrom<PipelineState>('stopped', 'completed'),
        request,
        (events, end, asked) => {
          expect(events.reduce(transition, end)).toBe(end);
          expect(refusal(end, asked)).not.toBeNull();
        },
      ),
    );
  });

  test('do not leave a pause by a failure or a late success of a batch', () => {
    for (const held of ['pausing', 'paused'] as const) {
      for (const late of ['failed', 'completed', 'hold'] as const) expect(transition(held, late)).toBe(held);
    }
  });

  test('reach an end from everywhere, by a hold, a fence and an end', () => {
    fc.assert(
      fc.property(state, fc.array(event), (from, events) => {
        const reached = events.reduce(transition, from);
        expect(isEnd((['hold', 'fenced', 'ended'] as const).reduce<PipelineState>(transition, reached))).toBe(
          true,
        );
      }),
    );
  });

  test('let a pipeline be paused and stopped whenever it has not ended', () => {
    fc.assert(
      fc.property(state, (from) => {
        for (const asked of ['pause', 'stop'] as const)
          expect(refusal(from, asked) === null).toBe(!isEnd(from));
      }),
    );
  });
});

describe('the wait before the next attempt', () => {
  const attempts = fc.integer({ min: 1, max: 10_000 });
  const random = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });

  test('grows from a second to a minute, never less than half of what is due', () => {
    fc.assert(
      fc.property(attempts, random, (failed, chance) => {
        const wait = backoffMs(failed, true, chance);
        const due = Math.min(FIRST_DELAY_MS * 2 ** (failed - 1), LONGEST_DELAY_MS);
        expect(wait).toBeGreaterThanOrEqual(due / 2);
        expect(wait).toBeLessThanOrEqual(due);
      }),
    );
  });

  test('is the longest at once where no retry heals', () => {
    fc.assert(
      fc.property(attempts, random, (failed, chance) => {
        expect(backoffMs(failed, false, chance)).toBeGreaterThanOrEqual(LONGEST_DELAY_MS / 2);
      }),
    );
  });
});

describe('a change of settings', () => {
  test('is taken with what a pipeline starts with by default', () => {
    const { existing: _, snapshot: __, ...changeable } = DEFAULT_SETTINGS;
    expect(settingsFault(changeable)).toBeNull();
    expect(settingsFault({ maxBacklog: { changes: 1, action: 'stop' } })).toBeNull();
    expect(settingsFault({ onError: { action: 'deadLetter', perHour: LETTER_BOUNDS.most } })).toBeNull();
    expect(settingsFault({ onDelete: 'keep', createTables: false })).toBeNull();
    expect(settingsFault({})).toBeNull();
  });

  test('is taken within the limits that cdc.yaml has, and no further', () => {
    for (const [setting, { least, most }] of Object.entries(SETTING_BOUNDS)) {
      for (const value of [least, most]) expect(settingsFault({ [setting]: value })).toBeNull();
      for (const value of [least - 1, most + 1])
        expect(settingsFault({ [setting]: value })).toContain(setting);
    }
    const { most } = BACKLOG_BOUNDS;
    expect(settingsFault({ maxBacklog: { changes: most, action: 'warn' } })).toBeNull();
    expect(settingsFault({ maxBacklog: { changes: most + 1, action: 'warn' } })).toContain('maxBacklog');
  });

  test('is refused by name when anything of it makes no sense', () => {
    const settings = [
      'atomicRows',
      'batchRows',
      'snapshotRows',
      'snapshotTables',
      'roundMs',
      'retainMs',
    ] as const;
    const nonsense = fc.oneof(
      fc.constantFrom(null, Number.NaN, Number.POSITIVE_INFINITY, -1, 0.5, '5', true),
      fc.object(),
    );
    fc.assert(
      fc.property(fc.constantFrom(...settings), nonsense, (setting, value) => {
        expect(settingsFault({ batchRows: 1, [setting]: value })).toContain(setting);
      }),
    );
    for (const limit of [
      { changes: 0, action: 'warn' },
      { changes: 1, action: 'panic' },
      { changes: 1 },
      5,
    ]) {
      expect(settingsFault({ maxBacklog: limit })).toContain('maxBacklog');
    }
    for (const policy of [
      null,
      'deadLetter',
      { action: 'skip' },
      { action: 'deadLetter' },
      { action: 'deadLetter', perHour: 0 },
      { action: 'deadLetter', perHour: LETTER_BOUNDS.most + 1 },
    ]) {
      expect(settingsFault({ onError: policy })).toContain('onError');
    }
    for (const value of [null, true, 'kept']) {
      expect(settingsFault({ onDelete: value })).toContain('onDelete');
      expect(settingsFault({ createTables: value === true ? 'true' : value })).toContain('createTables');
    }
    expect(settingsFault(null)).not.toBeNull();
  });

  test('is refused where it can not go together with capture by a column', () => {
    const refused = [
      [{ atomic: true }, 'atomic'],
      [{ maxBacklog: { changes: 10, action: 'warn' } }, 'maxBacklog'],
      [{ onDelete: 'keep' }, 'onDelete'],
    ] as const;
    for (const [change, name] of refused) {
      const settings = { ...DEFAULT_SETTINGS, ...change };
      expect(captureFault(BY_COLUMN, settings)).toContain(name);
      expect(captureFault('trigger', settings)).toBeNull();
      expect(changeFault(BY_COLUMN, DEFAULT_SETTINGS, change)).toContain(name);
      const spec = { ...SPEC, capture: BY_COLUMN };
      expect(applyFault(spec, { spec: { ...spec, settings }, removes: [] })).toContain(name);
    }
    expect(captureFault(BY_COLUMN, DEFAULT_SETTINGS)).toBeNull();
    const keeping = { ...DEFAULT_SETTINGS, onDelete: 'keep' } as const;
    expect(captureFault({ ...BY_COLUMN, sweepMs: null }, keeping)).toBeNull();
  });
});
