/** Rows that the target refuses, from the command line: seen, retried once it is mended, discarded; none in Temporal. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { cliFolder } from '../support/cli-folder';
import { textsOf } from '../support/history-json';
import { testTemporalAddress } from '../support/temporal';
import { until } from '../support/workflow-bench';

const folder = cliFolder('letters');
const { cdc, json, write } = folder;
const SHOP = `letters-${folder.mark}`;

/** What no log and no history may hold. */
const SECRET = 'pazzw0rd-8461937';
const SECRET_KEY = 'kee-5519';

function rows(database: string): readonly unknown[] {
  return folder.rows(database, 'SELECT name, v FROM orders ORDER BY name');
}

async function idsOf(): Promise<readonly string[]> {
  const { stdout } = await cdc('dead-letters', 'list', SHOP, '--json');
  return [...stdout.matchAll(/"id": "([^"]+)"/g)].map(([, id]) => id ?? '');
}

beforeAll(async () => {
  folder.configure(
    ['shop', 'warehouse'],
    [`${SHOP}: { source: shop, target: warehouse, tables: [orders], round: 2s, onError: { perHour: 50 } }`],
  );
  write(
    'shop',
    `CREATE TABLE orders (name TEXT PRIMARY KEY NOT NULL, v); INSERT INTO orders VALUES ('a', 1)`,
  );
  write(
    'warehouse',
    `CREATE TABLE orders (name TEXT PRIMARY KEY NOT NULL, v);
CREATE TRIGGER strict BEFORE INSERT ON orders WHEN typeof(NEW.v) = 'text' BEGIN SELECT raise(ABORT, '${SECRET}'); END`,
  );
  await folder.startWorker();
  expect(await cdc('start', SHOP)).toMatchObject({ code: 0 });
});

afterAll(async () => {
  await cdc('stop', SHOP);
  await folder.close();
});

describe('cdc dead-letters', () => {
  test('there are none at first, and it says so', async () => {
    expect(await json('dead-letters', 'list', SHOP)).toEqual({ version: 1, pipeline: SHOP, deadLetters: [] });
    expect((await cdc('dead-letters', 'list', SHOP)).stdout).toContain('no dead letters');
    expect(await cdc('dead-letters', 'retry', SHOP, '--all')).toMatchObject({ code: 0 });
  });

  test('status, health, verify, list and show tell of a row that is set aside; the others go on', async () => {
    write(
      'shop',
      `INSERT INTO orders VALUES ('${SECRET_KEY}', '${SECRET}'), ('b', 2), ('c', 'text'), ('d', x'00ff')`,
    );
    expect(await cdc('wait', SHOP, 'caught-up')).toMatchObject({ code: 0 });
    expect(rows('warehouse')).toHaveLength(3);
    await until('the status counts them', async () => {
      const { stdout } = await cdc('status', SHOP, '--json');
      return stdout.includes('"deadLetters": 2');
    });
    expect(await json('status', SHOP)).toMatchObject({
      state: 'running',
      tables: [{ source: 'orders', state: 'replicating', inserted: 2, deadLetters: 2 }],
      settings: { onError: { action: 'deadLetter', perHour: 50 } },
    });
    expect((await cdc('status', SHOP)).stdout).toContain(`cdc dead-letters list ${SHOP}`);
    const health = await cdc('health', SHOP);
    expect(health.code).toBe(0);
    expect(health.stdout).toContain('orders (2)');
    expect(health.stdout).toContain('cdc dead-letters retry');
    const verified = await cdc('verify', SHOP);
    expect(verified.code).toBe(1);
    expect(verified.stdout).toContain('2 dead letters');
    expect(await json('verify', SHOP)).toMatchObject({
      equal: false,
      tables: [{ missing: 2, deadLetters: 2 }],
    });

    const letter = { table: 'orders', op: 'upsert', code: 'CONSTRAINT_FAILED', attempts: 1, retry: false };
    expect(await json('dead-letters', 'list', SHOP, '--table', 'orders')).toMatchObject({
      version: 1,
      deadLetters: [
        { ...letter, key: { name: SECRET_KEY } },
        { ...letter, key: { name: 'c' } },
      ],
    });
    const [first = ''] = await idsOf();
    const shown = await cdc('dead-letters', 'show', SHOP, first);
    expect(shown.code).toBe(0);
    expect(shown.stdout).toContain(SECRET);
    expect(await json('dead-letters', 'show', SHOP, first)).toMatchObject({
      deadLetters: [{ id: first, row: { name: SECRET_KEY, v: SECRET } }],
    });
  });

  test('a wrong id, table, pipeline or nothing named is wrong use, with near misses', async () => {
    const [first = ''] = await idsOf();
    const refused = async (words: string, ...args: readonly string[]): Promise<void> => {
      const { code, stdout, stderr } = await cdc('dead-letters', ...args);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toContain(words);
    };
    await refused(`"${first}"`, 'show', SHOP, `${first}1`);
    await refused('"orders"', 'list', SHOP, '--table', 'ordrs');
    await refused(`did you mean "${SHOP}"`, 'list', `${SHOP}x`);
    await refused('--all', 'retry', SHOP);
    await refused('not both', 'retry', SHOP, first, '--all');
    await refused('Did you mean list?', 'lits', SHOP);
    await refused('Nothing was discarded', 'discard', SHOP, first);
    expect(await idsOf()).toHaveLength(2);
  });

  test('a retry before it is mended counts an attempt; after it, the row arrives', async () => {
    const retried = await cdc('dead-letters', 'retry', SHOP, '--all');
    expect(retried).toMatchObject({ code: 0, stdout: '' });
    expect(retried.stderr).toContain('2 dead letters of orders');
    await until('both were tried once more', async () => {
      const { stdout } = await cdc('dead-letters', 'list', SHOP, '--json');
      return stdout.split('"attempts": 2').length === 3;
    });
    write('warehouse', 'DROP TRIGGER strict');
    write('shop', `UPDATE orders SET v = 3 WHERE name = 'b'`);
    const [first = '', second = ''] = await idsOf();
    expect(await cdc('dead-letters', 'retry', SHOP, first)).toMatchObject({ code: 0 });
    await until('one is left', async () => (await idsOf()).length === 1);
    expect(rows('warehouse')).toContainEqual([SECRET_KEY, SECRET]);
    await until('the status knows', async () => {
      const { stdout } = await cdc('status', SHOP, '--json');
      return stdout.includes('"deadLetters": 1');
    });

    const discarded = await cdc('dead-letters', 'discard', SHOP, second, '--yes');
    expect(discarded).toMatchObject({ code: 0, stdout: '' });
    expect(discarded.stderr).toContain('differs from the source');
    expect(await idsOf()).toEqual([]);
    await until('the status knows that, too', async () => {
      const { stdout } = await cdc('status', SHOP, '--json');
      return stdout.includes('"deadLetters": 0');
    });
    expect(await json('verify', SHOP)).toMatchObject({
      equal: false,
      tables: [{ missing: 1, deadLetters: 0 }],
    });
    expect(await cdc('resync', SHOP, 'orders')).toMatchObject({ code: 0 });
    expect(await cdc('wait', SHOP, 'caught-up')).toMatchObject({ code: 0 });
    expect(await json('verify', SHOP)).toMatchObject({ equal: true });
  });

  test('no key and no value got into the history or the log', async () => {
    const connection = await Connection.connect({ address: testTemporalAddress() });
    try {
      const handle = new Client({ connection }).workflow.getHandle(`cdc:${SHOP}`);
      const texts = textsOf(await handle.fetchHistory()).join('\n');
      expect(texts).toContain('deadLetters');
      for (const secret of [SECRET, SECRET_KEY]) expect(texts).not.toContain(secret);
    } finally {
      await connection.close();
    }
    // While it does not run, what is marked waits for its start.
    write('warehouse', `CREATE TRIGGER no BEFORE INSERT ON orders BEGIN SELECT raise(ABORT, 'no'); END`);
    write('shop', `INSERT INTO orders VALUES ('z', 26)`);
    await until('it is set aside', async () => (await idsOf()).length === 1);
    expect(await cdc('stop', SHOP)).toMatchObject({ code: 0 });
    write('warehouse', 'DROP TRIGGER no');
    const marked = await cdc('dead-letters', 'retry', SHOP, '--all');
    expect(marked).toMatchObject({ code: 0 });
    expect(marked.stderr).toContain('once it is started');
    expect(await cdc('start', SHOP)).toMatchObject({ code: 0 });
    await until('it arrived', async () => (await idsOf()).length === 0);
    expect(rows('warehouse')).toContainEqual(['z', 26]);
    const log = await folder.stopWorker();
    for (const secret of [SECRET, SECRET_KEY]) expect(log).not.toContain(secret);
  });
});
