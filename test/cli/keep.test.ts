/** `onDelete: keep` and `createTables: false` in `cdc.yaml`, from the plan to a repair, through a running pipeline. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cliFolder } from '../support/cli-folder';

const folder = cliFolder('keep');
const { cdc, json, write, rows } = folder;
const SHOP = `keep-${folder.mark}`;

function configure(settings: string): void {
  folder.configure(
    ['shop', 'warehouse'],
    [`${SHOP}: { source: shop, target: warehouse, tables: [orders, notes], round: 1s, ${settings} }`],
  );
}

const caughtUp = () => expect(cdc('wait', SHOP, 'caught-up')).resolves.toMatchObject({ code: 0 });

beforeAll(async () => {
  configure('onDelete: keep, createTables: false');
  write(
    'shop',
    `CREATE TABLE orders (id INTEGER PRIMARY KEY, v TEXT); CREATE TABLE notes (id INTEGER PRIMARY KEY, v TEXT);
INSERT INTO orders VALUES (1, 'a'), (2, 'b'), (3, 'c')`,
  );
  await folder.startWorker();
});

afterAll(async () => {
  await cdc('stop', SHOP);
  await folder.close();
});

describe('a pipeline that makes no tables and keeps what is deleted', () => {
  test('is refused with the names of the tables, and plan shows what would make them', async () => {
    const plan = await cdc('plan', SHOP);
    expect(plan.code).toBe(1);
    expect(plan.stdout).toContain('CREATE TABLE "orders"');
    expect(plan.stdout).toContain('CREATE TABLE "notes"');
    expect(plan.stderr).toContain('Target tables orders, notes do not exist');
    expect(plan.stderr).toContain('(TARGET_TABLE_MISSING)');
    expect(plan.stderr).toContain('createTables: true');
    expect(await json('plan', SHOP)).toMatchObject({
      version: 1,
      steps: expect.arrayContaining([expect.objectContaining({ on: 'target', table: 'orders' })]),
    });
    const start = await cdc('start', SHOP);
    expect(start.code).toBe(1);
    expect(start.stderr).toContain('(TARGET_TABLE_MISSING)');
    expect(start.stderr).toContain(`cdc plan ${SHOP}`);
  });

  test('starts once they are there, and keeps rows; verify counts them apart and repairs around them', async () => {
    write(
      'warehouse',
      'CREATE TABLE orders (id INTEGER PRIMARY KEY, v TEXT); CREATE TABLE notes (id INTEGER PRIMARY KEY, v TEXT)',
    );
    expect(await cdc('start', SHOP)).toMatchObject({ code: 0 });
    await caughtUp();
    expect(await json('status', SHOP)).toMatchObject({ settings: { onDelete: 'keep', createTables: false } });
    write('shop', 'DELETE FROM orders WHERE id = 2');
    await caughtUp();
    expect(rows('warehouse', 'SELECT id FROM orders')).toEqual([[1], [2], [3]]);
    expect(await json('status', SHOP)).toMatchObject({ tables: [{ source: 'orders', deleted: 1 }, {}] });
    expect(await json('verify', SHOP)).toMatchObject({
      equal: true,
      tables: [{ source: 'orders', extra: 0, kept: 1 }, { kept: 0 }],
    });
    const report = await cdc('verify', SHOP);
    expect(report).toMatchObject({ code: 0, stdout: expect.stringMatching(/orders .*equal, 1 kept/) });

    write('warehouse', `UPDATE orders SET v = 'wrong' WHERE id = 1`);
    expect(await json('verify', SHOP, '--repair')).toMatchObject({
      equal: true,
      repaired: { rows: 1, refused: [] },
      tables: [{ source: 'orders', kept: 1 }, {}],
    });
    expect(rows('warehouse', 'SELECT id, v FROM orders')).toEqual([
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
    ]);
    expect(await cdc('resync', SHOP, 'orders')).toMatchObject({ code: 0 });
    await caughtUp();
    expect(rows('warehouse', 'SELECT id FROM orders')).toEqual([[1], [2], [3]]);
  });

  test('a resync makes no table either; apply takes the settings over, and a resync makes all equal then', async () => {
    write('warehouse', 'DROP TABLE notes');
    const refused = await cdc('resync', SHOP, 'notes');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('TARGET_TABLE_MISSING');

    configure('onDelete: delete');
    const shown = await cdc('apply', SHOP, '--dry-run');
    expect(shown.stdout).toContain('onDelete: keep -> delete');
    expect(shown.stdout).toContain('createTables: false -> true');
    expect(await cdc('apply', SHOP)).toMatchObject({ code: 0 });
    expect(await cdc('resync', SHOP)).toMatchObject({ code: 0 });
    await caughtUp();
    expect(rows('warehouse', 'SELECT id FROM orders')).toEqual([[1], [3]]);
    expect(await json('verify', SHOP)).toMatchObject({ equal: true, tables: [{ kept: 0 }, { kept: 0 }] });
  });
});
