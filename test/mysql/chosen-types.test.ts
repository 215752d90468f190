/** Types that were chosen for columns of a target on MySQL and MariaDB. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Pipeline } from '../../engine';
import { mysqlAdapter } from '../../engine/adapters/mysql';
import {
  connectTo,
  createScratchDatabase,
  describeEitherServer,
  select,
  type ScratchMysql,
} from '../support/mysql';
import { engineOver, REF, rejection, setUp, specOf, started } from '../support/pipelines';
import { folderPerTest } from '../support/sqlite';

describeEitherServer('chosen types', (server) => {
  const folder = folderPerTest();
  let scratch: ScratchMysql;
  const closing: (() => Promise<void>)[] = [];

  beforeEach(async () => {
    scratch = await createScratchDatabase(server());
  });

  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
    await scratch.drop();
  });

  async function open(source: string, target: string): Promise<Pipeline> {
    const engine = engineOver(source, target, { others: [mysqlAdapter] });
    closing.push(() => engine.close());
    return engine.pipeline(REF);
  }

  async function query(sql: string): Promise<readonly (readonly unknown[])[]> {
    const connection = await connectTo(scratch.url);
    try {
      return await select(connection, sql);
    } finally {
      await connection.end();
    }
  }

  const NAMES = `CREATE TABLE names (id TEXT PRIMARY KEY NOT NULL, v TEXT);
INSERT INTO names VALUES ('a', 'small'), ('A', 'large')`;

  test.each(['varchar(50)', 'varchar(50) CHARACTER SET utf8mb4', 'varchar(50) character set latin1'])(
    'tell keys apart by their bytes as %s',
    async (type) => {
      folder.database('shop.db', NAMES);
      const pipeline = await open(folder.url('shop.db'), scratch.url);
      await started(pipeline, specOf([{ from: 'names', types: { id: { type, lossy: false } } }]));
      expect(await query('SELECT id, v FROM names ORDER BY v')).toEqual([
        ['A', 'large'],
        ['a', 'small'],
      ]);
      expect(await pipeline.verify({})).toMatchObject({ equal: true });
    },
  );

  test.each(['char(50)', 'double', "enum('a','A')"])(
    'are refused where they would convert a key: %s',
    async (type) => {
      folder.database('shop.db', NAMES);
      const pipeline = await open(folder.url('shop.db'), scratch.url);
      const spec = specOf([{ from: 'names', types: { id: { type, lossy: false } } }]);
      const error = await rejection(setUp(pipeline, spec), 'TARGET_TABLE_MISMATCH');
      expect(error.message).toMatch(/key column id/);
      expect(await query("SHOW TABLES LIKE 'names'")).toEqual([]);
    },
  );

  test('of a table that is there are told in a notice, unless they are its own', async () => {
    folder.database('shop.db', NAMES);
    await query('CREATE TABLE names (id VARCHAR(50) COLLATE utf8mb4_bin PRIMARY KEY, v TEXT NOT NULL)');
    const pipeline = await open(folder.url('shop.db'), scratch.url);
    const types = { id: { type: 'VARCHAR(50)', lossy: false }, v: { type: 'varchar(9)', lossy: false } };
    const { notices } = await pipeline.plan(specOf([{ from: 'names', types }]));
    const told = notices.map(({ message }) => message).filter((message) => message.includes('there already'));
    expect(told).toEqual([
      'Column v of target table names is there already and stays text, not varchar(9). To change it: ALTER TABLE `names` MODIFY `v` varchar(9) NOT NULL',
    ]);
  });

  test('drop the time of day where a date was chosen and the column is lossy', async () => {
    await query('CREATE TABLE moments (id INT PRIMARY KEY, at DATETIME(3))');
    await query("INSERT INTO moments VALUES (1, '2026-02-28 10:00:00.5')");
    const to = await createScratchDatabase(server());
    closing.push(() => to.drop());
    const pipeline = await open(scratch.url, to.url);
    const typed = (lossy: boolean) => specOf([{ from: 'moments', types: { at: { type: 'date', lossy } } }]);
    const [plain] = (await pipeline.plan(typed(false))).tables;
    expect(plain?.fidelity[1]).toMatchObject({ column: 'at', fidelity: 'checked' });
    const [table] = (await pipeline.plan(typed(true))).tables;
    expect(table?.fidelity[1]).toMatchObject({ column: 'at', fidelity: 'lossy' });
    await started(pipeline, typed(true));
    const connection = await connectTo(to.url);
    try {
      expect(await select(connection, 'SELECT CAST(at AS CHAR) FROM moments')).toEqual([['2026-02-28']]);
    } finally {
      await connection.end();
    }
    expect(await pipeline.verify({})).toMatchObject({ equal: true });
  });

  test('an integer that SQLite has none of is refused by a column without a type, not made a text', async () => {
    await query('CREATE TABLE wide (id INT PRIMARY KEY, n BIGINT UNSIGNED)');
    await query('INSERT INTO wide VALUES (1, 18446744073709551615), (2, 9223372036854775807)');
    const copy = folder.database('copy.db', 'CREATE TABLE wide (id INTEGER PRIMARY KEY, n)');
    const pipeline = await open(scratch.url, folder.url('copy.db'));
    await started(pipeline, specOf(['wide'], { onError: { action: 'deadLetter', perHour: 100 } }));
    expect(copy.prepare('SELECT id, typeof(n) FROM wide').raw().all()).toEqual([[2n, 'integer']]);
    const letters = await pipeline.deadLetters({ table: null, ids: null, values: false });
    expect(letters).toMatchObject([{ column: 'n', code: 'TYPE_MISMATCH' }]);
  });

  test('take midnight for a date, and a date for midnight', async () => {
    await query('CREATE TABLE moments (id INT PRIMARY KEY, at DATETIME(3), day DATE)');
    await query("INSERT INTO moments VALUES (1, '2026-02-28 00:00:00', '2026-03-01')");
    const to = await createScratchDatabase(server());
    closing.push(() => to.drop());
    const pipeline = await open(scratch.url, to.url);
    const types = { at: { type: 'date', lossy: false }, day: { type: 'datetime', lossy: false } };
    await started(pipeline, specOf([{ from: 'moments', types }]));
    const connection = await connectTo(to.url);
    try {
      expect(await select(connection, 'SELECT CAST(at AS CHAR), CAST(day AS CHAR) FROM moments')).toEqual([
        ['2026-02-28', '2026-03-01 00:00:00'],
      ]);
    } finally {
      await connection.end();
    }
    expect(await pipeline.verify({})).toMatchObject({ equal: true });
  });
});
