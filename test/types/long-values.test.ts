/** Long values pass between all kinds of databases, copied and as changes, in memory of a few times their size. */
import { describe, expect, test } from '@jest/globals';
import { mysqlAdapter } from '../../engine/adapters/mysql';
import { postgresAdapter } from '../../engine/adapters/postgres';
import { serverOf } from '../support/mysql';
import { openSide, type Family, type Side } from '../support/pair-sides';
import { engineOver, REF, replicate, specOf, started } from '../support/pipelines';
import { sharedServer } from '../support/postgres';
import { folderPerTest } from '../support/sqlite';

/** A few MB, or the whole with CDC_LONG=1. */
const MEGABYTES = process.env['CDC_LONG'] === '1' ? 100 : 4;
const SIZE = MEGABYTES * 1024 * 1024;

const folder = folderPerTest();

interface Words {
  readonly table: string;
  readonly create: string;
  /** A row with a text and bytes of `SIZE` each. */
  readonly insert: (id: number) => string;
  /** Of each row: the lengths, and the last letters. */
  readonly look: string;
}

const LOOK = (length: string, tail: (column: string) => string): string =>
  `SELECT id, ${length}(word), ${length}(raw), ${tail('word')} FROM t`;

const MYSQL: Words = {
  table: 't',
  create: 'CREATE TABLE t (id INT PRIMARY KEY, word LONGTEXT, raw LONGBLOB)',
  insert: (id) =>
    `INSERT INTO t VALUES (${id}, CONCAT(REPEAT('0123456789abcdef', ${SIZE / 16 - 1}), 'the end of it ${id}.'), REPEAT(X'00ff5c0a', ${SIZE / 4}))`,
  look: LOOK('OCTET_LENGTH', (column) => `RIGHT(${column}, 16)`),
};

const WORDS: Readonly<Record<Family, Words>> = {
  sqlite: {
    table: 't',
    create: 'CREATE TABLE t (id INTEGER PRIMARY KEY, word TEXT, raw BLOB)',
    insert: (id) =>
      `INSERT INTO t VALUES (${id}, replace(hex(zeroblob(${SIZE / 32 - 8})), '00', '0123456789abcdef0123456789abcdef') || 'x' || printf('%0*d', ${SIZE - (SIZE / 32 - 8) * 32 - 17}, 0) || 'the end of it ${id}.', CAST(replace(hex(zeroblob(${SIZE / 4})), '00', 'ab' || char(10) || 'c') AS BLOB))`,
    look: LOOK('length', (column) => `substr(${column}, -16)`),
  },
  postgres: {
    table: 'public.t',
    create: 'CREATE TABLE t (id integer PRIMARY KEY, word text, raw bytea)',
    insert: (id) =>
      `INSERT INTO t VALUES (${id}, repeat('0123456789abcdef', ${SIZE / 16 - 1}) || 'the end of it ${id}.', decode(repeat('00ff5c0a', ${SIZE / 4}), 'hex'))`,
    look: LOOK('octet_length', (column) => `right(${column}, 16)`),
  },
  mariadb: MYSQL,
  mysql: MYSQL,
};

const FAMILIES: readonly Family[] = ['sqlite', 'postgres', 'mariadb', 'mysql'];
const here = FAMILIES.filter(
  (family) => (family !== 'mariadb' && family !== 'mysql') || serverOf(family).missing === undefined,
);

function servers(): Partial<Record<Family, string>> {
  const urls = (['mariadb', 'mysql'] as const).flatMap((family) => {
    const { url } = serverOf(family);
    return url === undefined ? [] : [[family, url] as const];
  });
  return { postgres: sharedServer(), ...Object.fromEntries(urls) };
}

/** A row travels in one statement, bytes as two digits each. */
async function allowLong(family: Family, side: Side): Promise<() => Promise<void>> {
  if (family !== 'mariadb' && family !== 'mysql') return () => Promise.resolve();
  const before = Number(await side.execute('SELECT @@GLOBAL.max_allowed_packet'));
  await side.execute(`SET GLOBAL max_allowed_packet = ${Math.max(before, 1024 * 1024 * 1024)}`);
  return async () => {
    await side.execute(`SET GLOBAL max_allowed_packet = ${before}`);
  };
}

/** How much the process grows while something is done, MB; not while rows are made, which SQLite does in this process. */
function watchMemory() {
  let most = 0;
  return {
    grown: () => most / 1024 / 1024,
    async during<T>(work: () => Promise<T>): Promise<T> {
      const before = process.memoryUsage().rss;
      const look = (): void => void (most = Math.max(most, process.memoryUsage().rss - before));
      const watch = setInterval(look, 20);
      try {
        return await work();
      } finally {
        clearInterval(watch);
        look();
      }
    },
  };
}

/** In short runs each family once as source and as target, and to itself. */
function targetsOf(from: Family): readonly Family[] {
  if (process.env['CDC_LONG'] === '1') return here;
  const next = here[(here.indexOf(from) + 1) % here.length];
  return here.filter((family) => family === from || family === next);
}

describe.each(here)('from %s', (from) => {
  test.each(targetsOf(from))(
    `to %s a text and bytes of ${MEGABYTES} MB each pass`,
    async (to) => {
      const [source, target] = [
        await openSide(from, { folder, servers: servers(), name: 'from' }),
        await openSide(to, { folder, servers: servers(), name: 'to' }),
      ];
      const allowed = [await allowLong(from, source), await allowLong(to, target)];
      const { create, insert, table, look } = WORDS[from];
      const engine = engineOver(source.url, target.url, { others: [postgresAdapter, mysqlAdapter] });
      const memory = watchMemory();
      try {
        await source.execute(create, insert(1));
        const pipeline = await engine.pipeline(REF);
        const { generation } = await started(pipeline, specOf([table]));
        await source.execute(insert(2));
        await memory.during(() => replicate(pipeline, generation));
        const expected = await source.select(look);
        expect(expected).toHaveLength(2);
        expect((await target.select(WORDS[to].look)).map(String)).toEqual(expected.map(String));
        const { equal } = await memory.during(() => pipeline.verify({}));
        expect(equal).toBe(true);
      } finally {
        await engine.close();
        for (const restore of allowed) await restore();
        await source.dispose();
        await target.dispose();
      }
      // A row has two of them, and is read on both sides to be compared; what the runtime frees late is counted, too.
      expect(memory.grown()).toBeLessThan(300 + 16 * MEGABYTES);
    },
    900_000,
  );
});
