import { afterEach, describe, expect, test } from '@jest/globals';
import type { Adapter } from '../../engine';
import { postgresAdapter } from '../../engine/adapters/postgres';
import { byRows } from '../support/by-rows';
import { engineOver, REF, replicate, specOf, started } from '../support/pipelines';
import { createScratchDatabase, select, type ScratchPostgres } from '../support/postgres';

/** A few MB, or the whole with CDC_LONG=1. */
const MEGABYTES = process.env['CDC_LONG'] === '1' ? 100 : 4;

const WAYS: readonly (readonly [string, Adapter])[] = [
  ['copy', postgresAdapter],
  ['rows', byRows(postgresAdapter)],
];

const open: ScratchPostgres[] = [];

afterEach(async () => {
  for (const database of open.splice(0)) await database.drop();
});

async function scratch(): Promise<ScratchPostgres> {
  const database = await createScratchDatabase();
  open.push(database);
  return database;
}

describe.each(WAYS)('by %s', (way, adapter) => {
  test(`a text and bytes of ${MEGABYTES} MB each pass, copied and changed, in memory of a few times their size`, async () => {
    const [source, target] = [await scratch(), await scratch()];
    const here = await source.connect();
    const there = await target.connect();
    const size = MEGABYTES * 1024 * 1024;
    await here.query('CREATE TABLE t (id integer PRIMARY KEY, word text, raw bytea)');
    const insert = (id: number): string =>
      `INSERT INTO t VALUES (${id}, repeat('0123456789abcde' || E'\\n', ${size / 16}), decode(repeat('00ff5c0a', ${size / 4}), 'hex'))`;
    await here.query(insert(1));
    const engine = engineOver(source.url, target.url, { adapter });
    let most = 0;
    const before = process.memoryUsage().rss;
    const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 20);
    try {
      const pipeline = await engine.pipeline(REF);
      expect((await pipeline.plan(specOf(['public.t']))).transport).toBe(way);
      const { generation } = await started(pipeline, specOf(['public.t']));
      await here.query(insert(2));
      await replicate(pipeline, generation);
      const sums = 'SELECT id, length(word), md5(word), length(raw), md5(raw) FROM t ORDER BY id';
      const expected = await select(here, sums);
      expect(expected).toHaveLength(2);
      expect(await select(there, sums)).toEqual(expected);
    } finally {
      clearInterval(watch);
      await engine.close();
    }
    const grown = Math.max(0, most - before) / 1024 / 1024;
    expect(grown).toBeLessThan(way === 'copy' ? 150 + MEGABYTES : 300 + 16 * MEGABYTES);
  }, 600_000);
});
