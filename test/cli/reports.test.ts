import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createColors } from 'picocolors';
import {
  changesJson,
  changesReport,
  copyText,
  duration,
  healthJson,
  healthReport,
  jsonValue,
  listReport,
  planReport,
  shownValue,
  statusReport,
} from '../../client/cli/reports';
import { statusChecks } from '../../client/cli/verbs/status-checks';
import { type Change, DEFAULT_SETTINGS, type Value } from '../../engine/model';
import type { PipelineStatus } from '../../workflows/messages';

const plain = createColors(false);
const NOW = Date.UTC(2026, 0, 5, 12);

const change: Change = {
  id: '42',
  table: 'products',
  op: 'update',
  key: { sku: 'TEA-01' },
  before: { sku: 'TEA-01', price: 4.5, stock: 120n, image: null },
  after: { sku: 'TEA-01', price: 4.95, stock: 120n, image: new Uint8Array([1, 255]) },
  transaction: null,
  changedAt: NOW - 3000,
  synced: false,
};

const status: PipelineStatus = {
  version: 1,
  pipeline: 'orders',
  source: 'shop',
  target: 'warehouse',
  state: 'running',
  capture: 'trigger',
  mode: 'continuous',
  lagMs: 0,
  backlog: 0,
  rounds: 12,
  tables: [
    {
      source: 'orders',
      target: 'orders',
      state: 'replicating',
      cause: null,
      snapshotRows: 1200,
      inserted: 3,
      updated: 2,
      deleted: 1,
      deadLetters: 0,
      copy: null,
    },
    {
      source: 'customers',
      target: 'clients',
      state: 'replicating',
      cause: null,
      snapshotRows: 5,
      inserted: 0,
      updated: 0,
      deleted: 0,
      deadLetters: 0,
      copy: null,
    },
  ],
  copy: null,
  lastError: null,
  startedAt: NOW - 300_000,
  lastAppliedAt: NOW - 3000,
  asOf: NOW - 500,
  transport: 'attach',
  overLimit: false,
  suspended: false,
  before: null,
  atomicCuts: 0,
  noticed: [],
  skipped: [],
  notices: [],
  settings: DEFAULT_SETTINGS,
};

describe('values as JSON', () => {
  test.each<[string, Value, unknown]>([
    ['an integer', 7n, 7],
    ['the largest safe integer', 9007199254740991n, 9007199254740991],
    ['an integer beyond it', 9007199254740992n, '9007199254740992'],
    ['the smallest 64-bit integer', -9223372036854775808n, '-9223372036854775808'],
    ['bytes', new Uint8Array([0, 255]), { base64: 'AP8=' }],
    ['no bytes', new Uint8Array(), { base64: '' }],
    ['infinity', Infinity, 'Infinity'],
    ['text', 'a\0b', 'a\0b'],
    ['nothing', null, null],
  ])('%s', (_what, value, expected) => expect(jsonValue(value)).toEqual(expected));
});

describe('values on a terminal', () => {
  test.each<[string, Value, string]>([
    ['text is quoted', 'a "b"\n', '"a \\"b\\"\\n"'],
    ['a number with a point keeps it', 1, '1.0'],
    ['an integer has none', 1n, '1'],
    ['minus zero is seen', -0, '-0.0'],
    ['bytes are hexadecimal', new Uint8Array([1, 255]), "x'01ff'"],
    ['NULL', null, 'NULL'],
  ])('%s', (_what, value, expected) => expect(shownValue(value)).toBe(expected));

  test('nothing in a database steers the terminal, and a value takes one short line', () => {
    const values = fc.oneof(fc.string({ unit: 'binary' }), fc.uint8Array(), fc.double(), fc.bigInt());
    fc.assert(
      fc.property(values, (value) => {
        const shown = shownValue(value);
        expect(shown).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
        if (typeof value === 'string') expect(shown.length).toBeLessThan(100);
      }),
    );
  });
});

describe('durations', () => {
  test.each([
    [0, '0 s'],
    [40, '40 ms'],
    [3210, '3.2 s'],
    [59_600, '1 min'],
    [250_000, '4 min 10 s'],
    [7_500_000, '2 h 5 min'],
    [273_600_000, '3 d 4 h'],
  ])('%s ms is %s', (milliseconds, text) => expect(duration(milliseconds)).toBe(text));
});

describe('changes', () => {
  test('an update shows the columns that differ, before and after', () => {
    expect(changesReport({ table: 'products', changes: [change], more: false, onlyPending: false }, plain))
      .toBe(`#42  update  sku = "TEA-01"  2026-01-05 11:59:57Z  pending
    price  4.5 -> 4.95
    image  NULL -> x'01ff'

1 change of products, 1 pending`);
  });

  test('an insert shows the row after, a delete the row before', () => {
    const row = { sku: 'X', price: 1n };
    const inserted: Change = { ...change, op: 'insert', before: null, after: row, synced: true };
    const deleted: Change = { ...change, op: 'delete', before: row, after: null, synced: true };
    const shown = { table: 'products', changes: [inserted, deleted], more: true, onlyPending: false };
    const report = changesReport(shown, plain);
    expect(report).toContain('    price  1\n');
    expect(report).toContain('2 changes of products, 0 pending; there may be more');
  });

  test('JSON has the documented fields', () => {
    expect(JSON.parse(JSON.stringify(changesJson([change])))).toEqual([
      {
        version: 1,
        id: '42',
        op: 'update',
        key: { sku: 'TEA-01' },
        before: { sku: 'TEA-01', price: 4.5, stock: 120, image: null },
        after: { sku: 'TEA-01', price: 4.95, stock: 120, image: { base64: 'Af8=' } },
        changedAt: NOW - 3000,
        synced: false,
      },
    ]);
  });
});

describe('status', () => {
  test('shows state, figures and totals', () => {
    expect(statusReport(status, NOW, plain))
      .toBe(`orders  running  shop -> warehouse, trigger, continuous, by attach

  lag           0 s
  backlog       0 changes
  applied       6 changes
  last applied  3.0 s ago
  started       2026-01-05 11:55:00Z, 12 rounds
  as of         500 ms ago

  TABLE                  STATE         COPIED   INSERTED   UPDATED   DELETED
  orders                 replicating    1,200          3         2         1
  customers -> clients   replicating        5          0         0         0
  all                                   1,205          3         2         1`);
  });

  test('says what is wrong and what to do', () => {
    const failing: PipelineStatus = {
      ...status,
      state: 'failing',
      lastError: {
        code: 'CONNECTION_LOST',
        message: 'The target cannot be reached',
        hint: 'Check that the database is running and reachable.',
        retryable: true,
        at: NOW - 2000,
        attempts: 3,
        nextAttemptAt: NOW + 4000,
      },
    };
    const report = statusReport(failing, NOW, plain);
    expect(report).toContain('orders  failing');
    expect(report).toContain('CONNECTION_LOST  2.0 s ago, 3 attempts failed, next attempt in 4.0 s');
    expect(report).toContain('What to do: Check that the database is running and reachable.');
  });

  test('shows how far the copy is, over all and by table', () => {
    const [orders, clients] = status.tables;
    if (orders === undefined || clients === undefined) throw new Error('two tables');
    const copy = { rows: 300, of: 1_000, perSecond: 100, leftMs: 7_000 };
    const copying: PipelineStatus = {
      ...status,
      state: 'snapshotting',
      copy: { ...copy, of: 1_200, leftMs: 9_000 },
      tables: [
        { ...orders, state: 'snapshotting', copy },
        { ...clients, state: 'snapshotting', copy: { rows: 0, of: 200, perSecond: null, leftMs: null } },
      ],
    };
    const report = statusReport(copying, NOW, plain);
    expect(report).toContain('copying       300 of about 1,200 rows (25 %), 100/s, about 9.0 s left');
    expect(report).toContain('copying  orders: 300 of about 1,000 rows (30 %), 100/s, about 7.0 s left');
    expect(report).toContain('copying  1 table still to be begun');
    const paused = statusReport({ ...copying, state: 'paused' }, NOW, plain);
    expect(paused).toContain('copying       300 of about 1,200 rows (25 %)\n');
  });

  test.each([
    [{ rows: 7, of: null, perSecond: null, leftMs: null }, '7 rows'],
    [{ rows: 50, of: 50, perSecond: 10, leftMs: null }, '50 of about 50 rows (99 %), 10/s'],
    [{ rows: 0, of: 0, perSecond: null, leftMs: null }, '0 of about 0 rows (0 %)'],
  ] as const)('the progress %j never says more than is known', (copy, text) => {
    expect(copyText(copy)).toBe(text);
  });

  test('names a parked table with its cause', () => {
    const [first, second] = status.tables;
    if (first === undefined || second === undefined) throw new Error('two tables');
    const parked = { ...first, state: 'parked' as const, cause: 'CONSTRAINT_FAILED: Table orders' };
    const report = statusReport({ ...status, tables: [parked, second] }, NOW, plain);
    expect(report).toContain('parked  orders: CONSTRAINT_FAILED: Table orders');
    expect(report).toContain('cdc resume orders --table orders');
  });

  test.each([
    ['paused', 'cdc resume orders'],
    ['stopped', 'cdc start orders'],
    ['completed', 'cdc start orders'],
  ] as const)('of a %s pipeline says how to go on', (state, words) => {
    expect(statusReport({ ...status, state }, NOW, plain)).toContain(words);
  });
});

test('health names the cause and what to do', () => {
  const health = healthJson('orders', [
    { name: 'temporal', state: 'ok', message: 'Temporal answers.', hint: null },
    { name: 'worker', state: 'failed', message: 'No worker is running.', hint: 'Run `cdc worker`.' },
  ]);
  expect(health.healthy).toBe(false);
  expect(healthReport(health, plain)).toBe(`orders  NOT healthy

  ok       temporal  Temporal answers.
  FAILED   worker    No worker is running.
                     What to do: Run \`cdc worker\`.`);
});

test('health fails for a backlog over its limit only when capture was stopped for it', () => {
  const report = {
    ...status,
    answeredBy: 'worker',
    settingUp: null,
    schedule: null,
    backlog: 5_000,
    overLimit: true,
  } as const;
  const backlogOf = (suspended: boolean) =>
    statusChecks({ ...report, suspended }, NOW).find(({ name }) => name === 'backlog');
  expect(backlogOf(false)).toMatchObject({
    state: 'warning',
    message: '5,000 changes: more than maxBacklog.',
  });
  expect(backlogOf(true)).toMatchObject({
    state: 'failed',
    hint: expect.stringContaining('cdc resync orders'),
  });
  expect(healthJson('orders', statusChecks({ ...report, suspended: false }, NOW)).healthy).toBe(true);
});

test('list shows what is configured and what runs', () => {
  const report = listReport(
    [
      {
        pipeline: 'orders',
        source: 'shop',
        target: 'warehouse',
        mode: 'continuous',
        state: 'running',
        since: NOW - 60_000,
        lastError: null,
      },
      {
        pipeline: 'clients',
        source: 'shop',
        target: 'crm',
        mode: 'batch',
        state: 'not started',
        since: null,
        lastError: null,
      },
    ],
    NOW,
    plain,
  );
  expect(report.split('\n')).toHaveLength(3);
  expect(report).toMatch(/orders +running +1 min ago +shop +warehouse +continuous/);
  expect(report).toMatch(/clients +not started +shop +crm +batch/);
});

test('plan shows the mapping, what was left out, and the SQL by database', () => {
  const report = planReport(
    {
      pipeline: 'p',
      transport: 'attach',
      tables: [
        {
          source: 'a',
          target: 'b',
          columns: ['x', 'y'],
          fidelity: [
            {
              column: 'x',
              target: 'z',
              sourceType: 'int',
              targetType: 'bigint',
              fidelity: 'widened',
              reason: 'larger numbers fit, too',
            },
            {
              column: 'y',
              target: 'y',
              sourceType: 'real',
              targetType: 'REAL',
              fidelity: 'checked',
              reason: 'may not fit: NaN',
            },
          ],
          where: 'x > 1\n  AND y > 2',
          rename: { x: 'z' },
        },
      ],
      skipped: [{ table: 'log', reason: 'it has no key' }],
      notices: [{ table: 'a', message: 'an application trigger writes it' }],
      steps: [
        { on: 'target', table: 'a', sql: 'CREATE TABLE b (x, y)' },
        { on: 'source', table: null, sql: 'CREATE TABLE _cdc_meta (key);' },
      ],
    },
    plain,
  );
  expect(report.indexOf('On the source')).toBeLessThan(report.indexOf('On the target'));
  expect(report).toContain('where    a: x > 1 AND y > 2');
  expect(report).toContain('rename   a: x -> z');
  expect(report).toMatch(/x -> z +int +bigint +widened, larger numbers fit, too/);
  expect(report).toMatch(/y +real +REAL +checked, may not fit: NaN/);
  expect(report).toContain('skipped  log: it has no key');
  expect(report).toContain('notice   a: an application trigger writes it');
  expect(report).toContain('CREATE TABLE b (x, y);');
  expect(report).not.toContain(';;');
});

test('plan shows no SQL, and says nothing of being in place, where a column is refused', () => {
  const column = { column: 'x', target: 'x', sourceType: 'text', targetType: 'boolean', reason: 'no value' };
  const table = {
    source: 'a',
    target: 'a',
    columns: ['x'],
    fidelity: [{ ...column, fidelity: 'refused' as const }],
  };
  const plan = { pipeline: 'p', transport: 'rows' as const, tables: [table], skipped: [], notices: [] };
  const steps = [{ on: 'target' as const, table: 'a', sql: 'CREATE TABLE a (x)' }];
  for (const report of [planReport({ ...plan, steps: [] }, plain), planReport({ ...plan, steps }, plain)]) {
    expect(report).not.toContain('in place');
    expect(report).not.toContain('CREATE TABLE');
    expect(report).toContain("Setup would run no statement: 1 column can't be replicated.");
  }
});
