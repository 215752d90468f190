/** Many captured tables: a chunk asks for those only that it is about, and all the same nothing is passed over. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { assertSameRows, currentRows, replay } from '../../engine/contract/replay';
import { isCdcError } from '../../engine/errors';
import {
  oneRange,
  type ChunkRequest,
  type Position,
  type RowChunk,
  type TableRoute,
} from '../../engine/model';
import { select } from '../support/postgres';
import { capturePostgres, type CapturedPostgres } from '../support/postgres-captured';

const TABLES = 12;
const SETUP = Array.from({ length: TABLES }, (_, index) => [
  `CREATE TABLE t${index} (id integer PRIMARY KEY, name text)`,
  `INSERT INTO t${index} SELECT n, 'n' || n FROM generate_series(1, 5) n`,
]).flat();

let scene: CapturedPostgres;
let routes: readonly TableRoute[];
let token: string;

beforeEach(async () => {
  scene = await capturePostgres(SETUP);
  routes = await scene.routes();
  token = await scene.source.check(scene.start, routes);
});
afterEach(() => scene.end());

function readNext(from: Position, more: Partial<ChunkRequest> = {}): Promise<RowChunk> {
  return scene.source.read({ from, routes, limit: 100, schemaToken: token, snapshot: null, ...more });
}

/** After a first chunk, from which the reader knows its tables. */
async function readKnowing(...statements: readonly string[]): Promise<unknown> {
  await scene.client.query(`UPDATE t1 SET name = 'known' WHERE id = 1`);
  const { to } = await readNext(scene.start);
  for (const sql of statements) await scene.client.query(sql);
  return readNext(to).then(
    () => 'read',
    (error: unknown) => (isCdcError(error) ? error.code : error),
  );
}

describe('a reader of many tables', () => {
  test('gets the changes of those that have some, in chunks of any size', async () => {
    const { client, source, start } = scene;
    const replica = await currentRows(source, routes);
    for (const index of [0, 3, 7, 11]) {
      await client.query(`UPDATE t${index} SET name = name || '!' WHERE id < 4`);
      await client.query(`DELETE FROM t${index} WHERE id = 5`);
      await client.query(`INSERT INTO t${index} VALUES (9, 'new')`);
    }
    const { to, chunks } = await replay(source, routes, start, 3, replica);
    await assertSameRows(source, routes, replica);
    expect(new Set(chunks.flatMap(({ counts }) => counts.map(({ table }) => table))).size).toBe(4);

    const other = await scene.database.connect();
    await other.query(`BEGIN; UPDATE t2 SET name = 'late' WHERE id = 1`);
    await client.query(`UPDATE t3 SET name = 'early' WHERE id = 1`);
    const early = await replay(source, routes, to, 3, replica);
    await other.query('COMMIT');
    await replay(source, routes, early.to, 3, replica);
    await assertSameRows(source, routes, replica);
  });

  test('notices that one of them has got another column before it passes its changes', async () => {
    const outcome = await readKnowing(
      `ALTER TABLE t9 ADD COLUMN extra integer DEFAULT 7`,
      `INSERT INTO t9 VALUES (9, 'new', 8)`,
    );
    expect(outcome).toBe('SCHEMA_MOVED');
  });

  test('notices it where no event trigger follows DDL', async () => {
    const [[name] = []] = await select(scene.client, `SELECT evtname FROM pg_event_trigger`);
    await scene.client.query(`ALTER EVENT TRIGGER ${name ?? ''} DISABLE`);
    const outcome = await readKnowing(
      `ALTER TABLE t9 ADD COLUMN extra integer DEFAULT 7`,
      `INSERT INTO t9 VALUES (9, 'new', 8)`,
    );
    expect(outcome).toBe('SCHEMA_MOVED');
  });

  test.each([
    ['a trigger of ours is disabled', `ALTER TABLE t9 DISABLE TRIGGER _cdc_insert`],
    ['a trigger of ours is gone', `DROP TRIGGER _cdc_insert ON t9`],
    ['a table is gone', `DROP TABLE t9`],
    ['a table is renamed', `ALTER TABLE t9 RENAME TO t99`],
    ['a table is moved to another schema', `CREATE SCHEMA other`, `ALTER TABLE t9 SET SCHEMA other`],
  ])('notices at once that %s, though nothing is written to it', async (_, ...statements) => {
    expect(await readKnowing(...statements)).toBe('SCHEMA_MOVED');
  });

  test('does not pass a hole that was closed meanwhile', async () => {
    await scene.client.query(`UPDATE t1 SET name = 'known' WHERE id = 1`);
    const { to } = await readNext(scene.start);
    await scene.client.query(`DROP TRIGGER _cdc_insert ON t9`);
    await scene.client.query(`INSERT INTO t9 VALUES (9, 'missed')`);
    await scene.install();
    const moved = await readNext(to).catch((error: unknown) => error);
    expect(isCdcError(moved, 'SCHEMA_MOVED')).toBe(true);
    const error: unknown = await scene.source.check(to, routes).catch((reason: unknown) => reason);
    expect(isCdcError(error, 'CAPTURE_MISSING') && error.table).toBe('public.t9');
  });

  test('reads a range of a table whose columns are as they were checked only', async () => {
    await scene.client.query(`UPDATE t1 SET name = 'known' WHERE id = 1`);
    const { to } = await readNext(scene.start);
    const snapshot = oneRange({ table: 'public.t9', after: null, replace: false }, 10);
    expect((await readNext(to, { snapshot })).snapshot).toMatchObject([{ rows: 5 }]);
    await scene.client.query(`ALTER TABLE t9 ADD COLUMN extra integer DEFAULT 7`);
    const error: unknown = await readNext(to, { snapshot }).catch((reason: unknown) => reason);
    expect(isCdcError(error, 'SCHEMA_MOVED')).toBe(true);
  });
});
