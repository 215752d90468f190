import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DEFAULT_SETTINGS } from '../../engine/model';
import { registry } from '../../worker/composition';
import {
  type Config,
  type Environment,
  formatDuration,
  loadConfig,
  parseDuration,
} from '../../worker/config';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cdc-config-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function load(text: string, environment: Environment = {}, connections = true): Config {
  const file = join(folder, 'cdc.yaml');
  writeFileSync(file, text);
  return loadConfig({ file, environment, registry: connections ? registry : null });
}

const minimal = `
connections:
  shop: { url: "\${SHOP_URL}" }
  warehouse: { url: "sqlite:./data/warehouse.db" }
pipelines:
  orders:
    source: shop
    target: warehouse
    tables: [orders]
`;

describe('cdc.yaml', () => {
  test('a pipeline needs no more than source, target and tables', () => {
    const config = load(minimal, { SHOP_URL: 'sqlite:/srv/shop.db' });
    expect(config.pipelines.get('orders')).toEqual({
      name: 'orders',
      source: 'shop',
      target: 'warehouse',
      capture: 'trigger',
      mode: 'continuous',
      tables: [{ from: 'orders', to: null, columns: null }],
      settings: DEFAULT_SETTINGS,
    });
    expect(config.temporal).toEqual({ address: null, namespace: null, taskQueue: null });
  });

  test('every setting arrives', () => {
    const config = load(`
connections: { a: "sqlite:a.db", b: "sqlite:b.db" }
temporal: { address: "temporal:7233", namespace: cdc, taskQueue: replication }
pipelines:
  p:
    source: a
    target: b
    capture: trigger
    mode: batch
    schedule: { every: 10m, jitter: 30s }
    tables:
      - "order *"
      - { from: customers, to: clients, columns: [id, name] }
      - from: invoices
        where: total > 10 AND state <> 'draft'
        rename: { id: invoice_id }
    existing: replace
    snapshot: true
    sequences: true
    atomic: { maxRows: 1000 }
    maxBacklog: { changes: 100000, action: stop }
    retain: 7d
    round: 2.5s
    batch: 100
    snapshotBatch: 200
    snapshotTables: 8
    onError: { action: deadLetter, perHour: 5 }
    onDelete: keep
    createTables: false
`);
    expect(config.temporal).toEqual({ address: 'temporal:7233', namespace: 'cdc', taskQueue: 'replication' });
    expect(config.schedules).toEqual(new Map([['p', { kind: 'every', everyMs: 600_000, jitterMs: 30_000 }]]));
    expect(config.pipelines.get('p')).toEqual({
      name: 'p',
      source: 'a',
      target: 'b',
      capture: 'trigger',
      mode: 'batch',
      tables: [
        { from: 'order *', to: null, columns: null },
        { from: 'customers', to: 'clients', columns: ['id', 'name'] },
        {
          from: 'invoices',
          to: null,
          columns: null,
          where: "total > 10 AND state <> 'draft'",
          rename: { id: 'invoice_id' },
        },
      ],
      settings: {
        existing: 'replace',
        snapshot: true,
        sequences: true,
        atomic: true,
        atomicRows: 1000,
        maxBacklog: { changes: 100_000, action: 'stop' },
        retainMs: 7 * 86_400_000,
        roundMs: 2500,
        batchRows: 100,
        snapshotRows: 200,
        snapshotTables: 8,
        onError: { action: 'deadLetter', perHour: 5 },
        onDelete: 'keep',
        createTables: false,
      },
    });
  });

  test.each([
    ['', { action: 'park' }],
    ['    onError: park\n', { action: 'park' }],
    ['    onError: deadLetter\n', { action: 'deadLetter', perHour: 100 }],
    ['    onError: { perHour: 7 }\n', { action: 'deadLetter', perHour: 7 }],
    ['    onError: { action: deadLetter, perHour: 10000 }\n', { action: 'deadLetter', perHour: 10_000 }],
  ])('what happens to a row that the target refuses: %j', (lines, policy) => {
    const { pipelines } = load(minimal + lines, { SHOP_URL: 'sqlite:x' });
    expect(pipelines.get('orders')?.settings.onError).toEqual(policy);
  });

  test('short forms: a number for maxBacklog, true for atomic', () => {
    const lines = '    maxBacklog: 500\n    atomic: true\n';
    const settings = load(minimal + lines, { SHOP_URL: 'sqlite:x' }).pipelines.get('orders')?.settings;
    expect(settings?.maxBacklog).toEqual({ changes: 500, action: 'warn' });
    expect(settings?.atomic).toBe(true);
    expect(settings?.atomicRows).toBe(DEFAULT_SETTINGS.atomicRows);
  });

  test("relative paths of SQLite start at the file's folder, wherever the program was started", () => {
    const { connections } = load(minimal, { SHOP_URL: 'sqlite:../shop.db' });
    expect(connections.get('warehouse')).toBe(`sqlite:${join(folder, 'data/warehouse.db')}`);
    expect(connections.get('shop')).toBe(`sqlite:${join(folder, '../shop.db')}`);
    expect(load(minimal, { SHOP_URL: 'sqlite:///srv/a b%20#%3F.db' }).connections.get('shop')).toBe(
      'sqlite:///srv/a b%20#%3F.db',
    );
  });

  test('a URL can stand in a file of its own', () => {
    mkdirSync(join(folder, 'secrets'), { recursive: true });
    writeFileSync(join(folder, 'secrets/shop'), 'sqlite:/srv/shop.db\n');
    const config = load(minimal.replace('url: "${SHOP_URL}"', 'url_file: secrets/shop'));
    expect(config.connections.get('shop')).toBe('sqlite:/srv/shop.db');
  });

  test('what steers through Temporal only needs no URL', () => {
    const config = load(minimal, {}, false);
    expect([...config.pipelines.keys()]).toEqual(['orders']);
    expect(config.connections.size).toBe(0);
  });

  test('anchors and aliases share settings', () => {
    const config = load(`
connections: { a: "sqlite:a.db", b: "sqlite:b.db" }
pipelines:
  p: { source: a, target: b, tables: &tables [x, y] }
  q: { source: b, target: a, tables: *tables }
`);
    expect(config.pipelines.get('q')?.tables).toEqual(config.pipelines.get('p')?.tables);
  });
});

describe('variables', () => {
  test('a default stands in for a variable that is missing or empty', () => {
    const text = minimal.replace('${SHOP_URL}', 'sqlite:${DIR:-/srv}/shop.db');
    expect(load(text).connections.get('shop')).toBe('sqlite:/srv/shop.db');
    expect(load(text, { DIR: '' }).connections.get('shop')).toBe('sqlite:/srv/shop.db');
    expect(load(text, { DIR: '/var' }).connections.get('shop')).toBe('sqlite:/var/shop.db');
  });

  test('an unquoted variable may be a number or a switch', () => {
    const text = `${minimal}    batch: \${BATCH}\n    snapshot: \${SNAPSHOT:-false}\n`;
    const settings = load(text, { SHOP_URL: 'sqlite:x', BATCH: '77' }).pipelines.get('orders')?.settings;
    expect(settings?.batchRows).toBe(77);
    expect(settings?.snapshot).toBe(false);
  });

  test('a value is not expanded again, and $${ stands for itself', () => {
    const text = minimal.replace('${SHOP_URL}', () => 'sqlite:/srv/$${A}${B}');
    expect(load(text, { B: '${C}' }).connections.get('shop')).toBe('sqlite:/srv/${A}${C}');
  });
});

describe('durations', () => {
  test.each<[string, number | null]>([
    ['250ms', 250],
    ['10s', 10_000],
    ['1.5m', 90_000],
    ['24h', 86_400_000],
    ['7 d', 604_800_000],
    ['10', null],
    ['ten seconds', null],
    ['-1s', null],
    ['1h30m', null],
    ['', null],
  ])('%j is %s ms', (text, expected) => expect(parseDuration(text)).toBe(expected));

  test.each([
    [0, '0ms'],
    [1500, '1500ms'],
    [60_000, '1m'],
    [86_400_000, '1d'],
  ])('%s ms is written %s', (milliseconds, text) => expect(formatDuration(milliseconds)).toBe(text));
});
