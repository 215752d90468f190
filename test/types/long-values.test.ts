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

/** Rows that together take more than may be held at once, of two values of so many MB each. */
const MANY = 24;
const MANY_MEGABYTES = process.env['CDC_LONG'] === '1' ? 20 : 1.5;

const folder = folderPerTest();

interface Words {
  readonly table: string;
  readonly create: string;
  /** A row with a text and bytes of so many MB each. */
  readonly insert: (id: number, megabytes: number) => string;
  /** Of each row: the lengths, and the last letters. */
  readonly look: string;
}

function bytes(megabytes: number): number {
  return megabytes * 1024 * 1024;
}

const LOOK = (length: string, tail: (column: string) => string): string =>
  `SELECT id, ${length}(word), ${length}(raw), ${tail('word')} FROM t`;

const MYSQL: Words = {
  table: 't',
  create: 'CREATE TABLE t (id INT PRIMARY KEY, word LONGTEXT, raw LONGBLOB)',
  insert: (id, megabytes) =>
    `INSERT INTO t VALUES (${id}, CONCAT(REPEAT('0123456789abcdef', ${bytes(megabytes) / 16 - 1}), 'the end of it ${id}.'), REPEAT(X'00ff5c0a', ${bytes(megabytes) / 4}))`,
  look: LOOK('OCTET_LENGTH', (column) => `RIGHT(${column}, 16)`),
};

const WORDS: Readonly<Record<Family, Words>> = {
  sqlite: {
    table: 't',
    create: 'CREATE TABLE t (id INTEGER PRIMARY KEY, word TEXT, raw BLOB)',
    insert: (id, megabytes) =>
      `INSERT INTO t VALUES (${id}, replace(hex(zeroblob(${bytes(megabytes) / 32 - 8})), '00', '0123456789abcdef0123456789abcdef') || 'x' || printf('%0*d', ${8 * 32 - 17}, 0) || 'the end of it ${id}.', CAST(replace(hex(zeroblob(${bytes(megabytes) / 4})), '00', 'ab' || char(10) || 'c') AS BLOB))`,
    look: LOOK('length', (column) => `substr(${column}, -16)`),
  },
  postgres: {
    table: 'public.t',
    create: 'CREATE TABLE t (id integer PRIMARY KEY, word text, raw bytea)',
    insert: (id, megabytes) =>
      `INSERT INTO t VALUES (${id}, repeat('0123456789abcdef', ${bytes(megabytes) / 16 - 1}) || 'the end of it ${id}.', decode(repeat('00ff5c0a', ${bytes(megabytes) / 4}), 'hex'))`,
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

/** Two databases, a pipeline's engine over them, and what is said in the words of each. */
async function sceneOf(from: Family, to: Family) {
  const [source, target] = [
    await openSide(from, { folder, servers: servers(), name: 'from' }),
    await openSide(to, { folder, servers: servers(), name: 'to' }),
  ];
  const allowed = [await allowLong(from, source), await allowLong(to, target)];
  const engine = engineOver(source.url, target.url, { others: [postgresAdapter, mysqlAdapter] });
  const { create, insert, table, look } = WORDS[from];
  return {
    pipeline: await engine.pipeline(REF),
    table,
    create: () => source.execute(create),
    async insert(first: number, last: number, megabytes: number) {
      for (let id = first; id <= last; id++) await source.execute(insert(id, megabytes));
    },
    async expectRows(count: number) {
      const expected = await source.select(look);
      expect(expected).toHaveLength(count);
      expect((await target.select(WORDS[to].look)).map(String)).toEqual(expected.map(String));
    },
    async close() {
      await engine.close();
      for (const restore of allowed) await restore();
      await source.dispose();
      await target.dispose();
    },
  };
}

describe.each(here)('from %s', (from) => {
  test.each(targetsOf(from))(
    `to %s a text and bytes of ${MEGABYTES} MB each pass`,
    async (to) => {
      const scene = await sceneOf(from, to);
      const memory = watchMemory();
      try {
        await scene.create();
        await scene.insert(1, 1, MEGABYTES);
        const { generation } = await memory.during(() => started(scene.pipeline, specOf([scene.table])));
        await scene.insert(2, 2, MEGABYTES);
        await memory.during(() => replicate(scene.pipeline, generation));
        await scene.expectRows(2);
        const { equal } = await memory.during(() => scene.pipeline.verify({}));
        expect(equal).toBe(true);
      } finally {
        await scene.close();
      }
      // A row has two of them, and is read on both sides to be compared; what the runtime frees late is counted, too.
      expect(memory.grown()).toBeLessThan(300 + 16 * MEGABYTES);
    },
    900_000,
  );
});

/** In short runs one, to see that the rows pass. */
const MANY_PAIRS: readonly (readonly [Family, Family])[] =
  process.env['CDC_LONG'] === '1'
    ? here.flatMap((from) => here.map((to) => [from, to] as const))
    : [['sqlite', 'postgres']];

test.each(MANY_PAIRS)(
  `from %s to %s ${MANY} rows of ${2 * MANY_MEGABYTES} MB each pass, copied and as changes, in no more memory than few`,
  async (from, to) => {
    const scene = await sceneOf(from, to);
    const memory = watchMemory();
    try {
      await scene.create();
      await scene.insert(1, MANY, MANY_MEGABYTES);
      const { generation } = await memory.during(() => started(scene.pipeline, specOf([scene.table])));
      await memory.during(() => replicate(scene.pipeline, generation));
      await scene.insert(MANY + 1, 2 * MANY, MANY_MEGABYTES);
      await memory.during(() => replicate(scene.pipeline, generation));
      await scene.expectRows(2 * MANY);
      const { equal } = await memory.during(() => scene.pipeline.verify({}));
      expect(equal).toBe(true);
    } finally {
      await scene.close();
    }
    // In long runs values alone are 48 times as much; in short ones less than that: it shows that the rows pass.
    expect(memory.grown()).toBeLessThan(600 + 30 * MANY_MEGABYTES);
  },
  900_000,
);
