import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cliFolder } from '../support/cli-folder';
import { until } from '../support/workflow-bench';

const folder = cliFolder('apply');
const { cdc, json } = folder;
const SHOP = `shop-${folder.mark}`;
const HOURLY = `hourly-${folder.mark}`;

/** What `cdc.yaml` says of the two pipelines. */
function configure(shop: string, hourly = 'tables: [notes], schedule: 1h'): void {
  folder.configure(
    ['shop', 'warehouse', 'other'],
    [
      `${SHOP}: { source: shop, ${shop}, round: 1s }`,
      `${HOURLY}: { source: shop, target: other, mode: batch, ${hourly} }`,
    ],
  );
}

function count(database: string, table: string): number {
  return folder.rows(database, `SELECT 1 FROM ${table}`).length;
}

beforeAll(async () => {
  folder.write(
    'shop',
    `CREATE TABLE orders (id INTEGER PRIMARY KEY, total REAL);
    CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT);
    INSERT INTO orders VALUES (1, 10); INSERT INTO notes VALUES (1, 'a'), (2, 'b');`,
  );
  configure('target: warehouse, tables: [orders]');
  await folder.startWorker();
  await cdc('start', SHOP);
});

afterAll(async () => {
  configure('target: warehouse, tables: [orders]');
  await Promise.all([cdc('stop', SHOP), cdc('schedule', HOURLY, '--remove')]);
  await folder.close();
});

describe('cdc apply', () => {
  test('has nothing to do where the pipeline runs as cdc.yaml says', async () => {
    expect(await cdc('apply', SHOP)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('nothing to apply'),
    });
    expect(await json('apply', SHOP)).toMatchObject({ version: 1, applied: false, added: [], steps: [] });
  });

  test('shows what would change with its SQL, and changes nothing with --dry-run', async () => {
    configure('target: warehouse, tables: [orders, notes], retain: 2h, batch: 100');
    const { code, stdout } = await cdc('apply', SHOP, '--dry-run');
    expect(stdout).toContain('batch: 50,000 -> 100');
    expect(stdout).toContain('retain: 1d -> 2h');
    expect(stdout).toContain('+ notes -> notes');
    expect(stdout).toContain('CREATE TRIGGER');
    expect(code).toBe(0);
    expect(await json('apply', SHOP, '--dry-run')).toMatchObject({
      applied: false,
      settings: [
        { setting: 'batchRows', from: 50_000, to: 100 },
        { setting: 'retainMs', from: 86_400_000, to: 7_200_000 },
      ],
      added: [{ source: 'notes', target: 'notes' }],
      removed: [],
    });
    expect(await json('status', SHOP)).toMatchObject({ tables: [{ source: 'orders' }] });
  });

  test('applies it to the running pipeline', async () => {
    const { code, stderr } = await cdc('apply', SHOP);
    expect(stderr).toContain('1 table being copied');
    expect(code).toBe(0);
    expect(await cdc('wait', SHOP, 'caught-up')).toMatchObject({ code: 0 });
    expect(count('warehouse', 'notes')).toBe(2);
    expect(await json('status', SHOP)).toMatchObject({ settings: { batchRows: 100, retainMs: 7_200_000 } });
  });

  test('says that a table is copied again for another condition or other names, and then it is', async () => {
    const mapping = `{ from: orders, where: "total > 10", rename: { total: amount } }`;
    configure(`target: warehouse, tables: [${mapping}, notes], retain: 2h, batch: 100`);
    const dry = await cdc('apply', SHOP, '--dry-run');
    expect(dry).toMatchObject({ code: 1, stderr: expect.stringContaining('lacks the column amount') });
    configure(
      'target: warehouse, tables: [{ from: orders, where: "total > 10" }, notes], retain: 2h, batch: 100',
    );
    const { stdout } = await cdc('apply', SHOP, '--dry-run');
    expect(stdout).toContain('~ orders -> orders: copied again, with another condition');
    expect(await json('apply', SHOP)).toMatchObject({
      applied: true,
      copiedAgain: [{ source: 'orders', formerTarget: 'orders', changed: ['where'] }],
    });
    expect(await cdc('wait', SHOP, 'caught-up')).toMatchObject({ code: 0 });
    expect(count('warehouse', 'orders')).toBe(0);
    expect(await json('status', SHOP)).toMatchObject({ tables: [{ where: 'total > 10' }, {}] });
    expect((await cdc('status', SHOP)).stdout).toContain('where    orders: total > 10');
    configure('target: warehouse, tables: [orders, notes], retain: 2h, batch: 100');
    expect(await cdc('apply', SHOP)).toMatchObject({ code: 0 });
    expect(await cdc('wait', SHOP, 'caught-up')).toMatchObject({ code: 0 });
    expect(count('warehouse', 'orders')).toBe(1);
  });

  test('removes a table only where somebody agrees to it', async () => {
    configure('target: warehouse, tables: [orders]');
    const refused = await cdc('apply', SHOP);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') });
    expect(refused.stdout).toContain('- notes: its capture and its progress are removed');
    expect(await json('status', SHOP)).toMatchObject({ tables: { length: 2 } });
    expect(await json('apply', SHOP, '--yes')).toMatchObject({
      applied: true,
      removed: [{ source: 'notes' }],
    });
    expect(await json('status', SHOP)).toMatchObject({ tables: [{ source: 'orders' }] });
    expect(count('warehouse', 'notes')).toBe(2);
  });

  test.each([
    ['another target', 'target: other, tables: [orders]', 'target'],
    ['another mode', 'target: warehouse, tables: [orders], mode: batch', 'mode'],
  ])('refuses %s', async (_what, shop, part) => {
    configure(shop);
    const { code, stderr } = await cdc('apply', SHOP);
    expect(stderr).toContain(`The ${part} of pipeline ${SHOP} can't change`);
    expect(stderr).toContain(`cdc stop ${SHOP}`);
    expect(code).toBe(2);
  });

  test.each([
    ['a table that is not there', 'target: warehouse, tables: [orders, note]', 'note'],
    ['a name that no pipeline has', 'target: warehouse, tables: [orders]', 'did you mean'],
  ])('refuses %s', async (what, shop, words) => {
    configure(shop);
    const { code, stderr } = await cdc('apply', what.startsWith('a name') ? `shpo-${folder.mark}` : SHOP);
    expect(stderr).toContain(words);
    expect(code).not.toBe(0);
  });

  test('of a pipeline on a schedule counts from its next run on, and changes the schedule', async () => {
    configure('target: warehouse, tables: [orders]');
    expect(await cdc('apply', HOURLY)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('cdc start'),
    });
    await cdc('schedule', HOURLY);
    configure('target: warehouse, tables: [orders]', 'tables: [notes, orders], schedule: 2h');
    const { code, stdout, stderr } = await cdc('apply', HOURLY);
    expect(stdout).toContain('schedule: every 2h');
    expect(stderr).toContain('The next run');
    expect(code).toBe(0);
    expect(await json('schedule', HOURLY)).toMatchObject({ everyMs: 7_200_000 });
    await cdc('schedule', HOURLY, '--now');
    await until('the run has ended', async () =>
      JSON.stringify(await json('schedule', HOURLY)).includes('"outcome":"completed"'),
    );
    expect(count('other', 'orders')).toBe(1);
  });
});
