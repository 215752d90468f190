/** `cdc verify` from the command line: what differs by key, and mended by the running pipeline; none of it in Temporal. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { cliFolder } from '../support/cli-folder';
import { textsOf } from '../support/history-json';
import { testTemporalAddress } from '../support/temporal';

const folder = cliFolder('verify');
const { cdc, write } = folder;
const SHOP = `verify-${folder.mark}`;

/** What no log and no history may hold. */
const SECRET = 'pazzw0rd-7461932';
const SECRET_KEY = 'kee-4419';

const DAMAGE = `DELETE FROM orders WHERE name = 'a'; INSERT INTO orders VALUES ('x', 1, 1);
UPDATE orders SET v = '${SECRET}' WHERE name = '${SECRET_KEY}'`;

beforeAll(async () => {
  folder.configure(
    ['shop', 'warehouse'],
    [`${SHOP}: { source: shop, target: warehouse, tables: [orders], round: 2s }`],
  );
  write(
    'shop',
    `CREATE TABLE orders (name TEXT PRIMARY KEY NOT NULL, v, n);
INSERT INTO orders VALUES ('a', 1, 1), ('b', 2, 2), ('${SECRET_KEY}', 3, 3)`,
  );
  await folder.startWorker();
  expect(await cdc('start', SHOP)).toMatchObject({ code: 0 });
  expect(await cdc('wait', SHOP, 'caught-up')).toMatchObject({ code: 0 });
});

afterAll(async () => {
  await cdc('stop', SHOP);
  await folder.close();
});

describe('cdc verify', () => {
  test('lists what differs by key; values are shown and written when that is asked for', async () => {
    expect(await cdc('verify', SHOP)).toMatchObject({ code: 0 });
    write('warehouse', DAMAGE);
    const plain = await cdc('verify', SHOP, '--output', 'keys.jsonl');
    expect(plain.code).toBe(1);
    expect(plain.stdout).toMatch(/missing +orders +name = "a"/);
    expect(plain.stdout).toMatch(/extra +orders +name = "x"/);
    expect(plain.stdout).toMatch(new RegExp(`different +orders +name = "${SECRET_KEY}": v`));
    expect(plain.stdout + plain.stderr + readFileSync(join(folder.path, 'keys.jsonl'), 'utf8')).not.toContain(
      SECRET,
    );

    const { code, stdout } = await cdc(
      'verify',
      SHOP,
      '--json',
      '--show-values',
      '--limit',
      '1',
      '--output',
      'all.jsonl',
    );
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      version: 1,
      pipeline: SHOP,
      equal: false,
      exact: true,
      tables: [{ sourceRows: 3, targetRows: 3, missing: 1, extra: 1, different: 1 }],
      differences: [{}],
      differencesOmitted: 2,
    });
    const written = readFileSync(join(folder.path, 'all.jsonl'), 'utf8').trim().split('\n');
    expect(written.map((line): unknown => JSON.parse(line))).toContainEqual({
      table: 'orders',
      kind: 'different',
      key: { name: SECRET_KEY },
      columns: ['v'],
      source: { v: 3 },
      target: { v: SECRET },
    });
    const nowhere = await cdc('verify', SHOP, '--output', 'no/such/folder/x');
    expect(nowhere).toMatchObject({ code: 2, stdout: '' });
    expect(nowhere.stderr).toContain('ENOENT');
  });

  test('says so where the pipeline is paused, and does not mend; mends once it is resumed', async () => {
    expect(await cdc('pause', SHOP)).toMatchObject({ code: 0 });
    write('shop', `INSERT INTO orders VALUES ('c', 3, 3)`);
    const paused = await cdc('verify', SHOP);
    expect(paused.code).toBe(1);
    expect(paused.stdout).toContain(`This is not exact: Pipeline ${SHOP} is paused`);
    const unmended = await cdc('verify', SHOP, '--repair');
    expect(unmended.code).toBe(1);
    expect(unmended.stdout).toContain('is paused');
    expect(unmended.stdout).not.toContain('Repaired');

    expect(await cdc('resume', SHOP)).toMatchObject({ code: 0 });
    const mended = await cdc('verify', SHOP, '--repair', '--json');
    expect(mended).toMatchObject({ code: 0 });
    expect(JSON.parse(mended.stdout)).toMatchObject({
      equal: true,
      exact: true,
      repaired: { rows: 3, refused: [] },
      tables: [{ missing: 0, extra: 0, different: 0, unsettled: 0 }],
      differences: [],
    });
    expect(await cdc('verify', SHOP)).toMatchObject({ code: 0 });
  });

  test('keys that are marked while nothing is running are mended by the next start', async () => {
    expect(await cdc('stop', SHOP)).toMatchObject({ code: 0 });
    write('warehouse', DAMAGE);
    const marked = await cdc('verify', SHOP, '--repair');
    expect(marked.code).toBe(1);
    expect(marked.stderr).toContain('3 rows marked for repair');
    expect(marked.stderr).toContain(`cdc start ${SHOP}`);
    expect(await cdc('start', SHOP)).toMatchObject({ code: 0 });
    expect(await cdc('verify', SHOP, '--repair')).toMatchObject({ code: 0 });
    expect(await cdc('verify', SHOP)).toMatchObject({ code: 0 });
  });

  test("no key or value of it is in Temporal or in the worker's log", async () => {
    const connection = await Connection.connect({ address: testTemporalAddress() });
    try {
      const history = await new Client({ connection }).workflow.getHandle(`cdc:${SHOP}`).fetchHistory();
      const texts = textsOf(history).join(' ');
      expect(texts).not.toContain(SECRET);
      expect(texts).not.toContain(SECRET_KEY);
    } finally {
      await connection.close();
    }
    await cdc('stop', SHOP);
    const log = await folder.stopWorker();
    expect(log).toContain('is running');
    for (const secret of [SECRET, SECRET_KEY]) expect(log).not.toContain(secret);
  });
});
