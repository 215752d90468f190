/** A comparison finds whatever is not the same on the target, however little, and nothing else, from any database to any. */
import { describe, expect, test } from '@jest/globals';
import { mysqlAdapter } from '../../engine/adapters/mysql';
import { postgresAdapter } from '../../engine/adapters/postgres';
import { openSide, type Family, type Side } from '../support/pair-sides';
import { serverOf } from '../support/mysql';
import { engineOver, REF, replicate, specOf, started } from '../support/pipelines';
import { sharedServer } from '../support/postgres';
import { folderPerTest } from '../support/sqlite';
import { described } from '../support/verify-scene';

const folder = folderPerTest();

const FAMILIES: readonly Family[] = ['sqlite', 'postgres', 'mariadb', 'mysql'];
const here = FAMILIES.filter(
  (family) => (family !== 'mariadb' && family !== 'mysql') || serverOf(family).missing === undefined,
);

function sideOf(family: Family, name: string): Promise<Side> {
  const servers = {
    postgres: sharedServer(),
    ...Object.fromEntries(
      here.flatMap((flavour) =>
        flavour === 'mariadb' || flavour === 'mysql' ? [[flavour, serverOf(flavour).url]] : [],
      ),
    ),
  };
  return openSide(family, { folder, servers, name });
}

/** The databases, a pipeline between them once their tables are there, and its table as the source calls it. */
async function pairOf(from: Family, to: Family) {
  const source = await sideOf(from, 'source');
  folder.closing({ close: () => source.dispose() });
  const target = await sideOf(to, 'target');
  folder.closing({ close: () => target.dispose() });
  const table = from === 'postgres' ? 'public.items' : 'items';
  const pipelineOf = async () => {
    const engine = engineOver(source.url, target.url, { others: [postgresAdapter, mysqlAdapter] });
    return folder.closing(engine).pipeline(REF);
  };
  return { source, target, table, pipelineOf };
}

const MYSQL_TABLE = `CREATE TABLE items (id INT PRIMARY KEY, d DOUBLE, z DOUBLE,
  note VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, at DATETIME(6), moment TIMESTAMP(6) NULL, doc JSON,
  raw VARBINARY(20), amount DECIMAL(20, 5))`;

const TABLE: Readonly<Record<Family, string>> = {
  sqlite: `CREATE TABLE items (id INTEGER PRIMARY KEY, d REAL, z REAL, note TEXT, at TEXT, moment TEXT, doc TEXT,
  raw BLOB, amount TEXT)`,
  postgres: `CREATE TABLE items (id integer PRIMARY KEY, d double precision, z double precision, note text,
  at timestamp, moment timestamptz, doc json, raw bytea, amount numeric)`,
  mariadb: MYSQL_TABLE,
  mysql: MYSQL_TABLE,
};

const MOMENT: Readonly<Record<Family, string>> = {
  sqlite: '2026-01-02T03:04:05+00:00',
  postgres: '2026-01-02 03:04:05+00',
  mariadb: '2026-01-02 03:04:05',
  mysql: '2026-01-02 03:04:05',
};

/** By id; the others have another one. */
const NOTES: ReadonlyMap<number, string> = new Map([
  [3, ''],
  [4, 'blank'],
  [8, 'case'],
  [9, '\u00e9'],
  [10, '007'],
  [11, '1.10'],
]);

function bytes(family: Family, hex: string): string {
  return family === 'postgres' ? `'\\x${hex}'` : `X'${hex}'`;
}

function rowsOf(family: Family): string {
  const rows = Array.from({ length: 20 }, (_, place) => {
    const note = NOTES.get(place + 1) ?? 'note';
    return `(${place + 1}, 0.1e0, 0e0, '${note}', '2026-01-02 03:04:05.678901', '${MOMENT[family]}',
  '{"n": 12345678901234567890}', ${bytes(family, '00ff00')}, '1.10')`;
  });
  return `INSERT INTO items VALUES ${rows.join(', ')}`;
}

/** What is done to a row of the target: an assignment to one column. */
interface Damage {
  readonly id: number;
  readonly column: string;
  readonly value: string;
}

function damagesOf(family: Family): readonly Damage[] {
  const isMysql = family === 'mysql' || family === 'mariadb';
  const damages: readonly Damage[] = [
    // The next double.
    { id: 1, column: 'd', value: '0.10000000000000002e0' },
    { id: 2, column: 'z', value: family === 'postgres' ? `'-0'` : '-0e0' },
    { id: 3, column: 'note', value: 'NULL' },
    { id: 4, column: 'note', value: `'blank '` },
    { id: 5, column: 'at', value: `'2026-01-02 03:04:05.678902'` },
    { id: 6, column: 'moment', value: isMysql ? `'2026-01-02 04:04:05'` : `'2026-01-02 03:04:05+01'` },
    { id: 7, column: 'doc', value: `'{"n": 12345678901234567891}'` },
    { id: 8, column: 'note', value: `'Case'` },
    { id: 9, column: 'note', value: `'e\u0301'` },
    { id: 10, column: 'note', value: `'7'` },
    { id: 11, column: 'note', value: `'1.1'` },
    { id: 12, column: 'raw', value: bytes(family, '00ff01') },
    { id: 13, column: 'amount', value: `'1.10001'` },
  ];
  // MariaDB, and REAL of SQLite, keep no sign of zero.
  const keepsSign = family === 'postgres' || family === 'mysql';
  return damages.filter(({ column }) => column !== 'z' || keepsSign);
}

function damaged({ id, column }: Damage): string {
  return `different ${id} ${column}`;
}

function update({ id, column, value }: Damage): string {
  return `UPDATE items SET ${column} = ${value} WHERE id = ${id}`;
}

const pairs = here.flatMap((from) => here.map((to) => [from, to] as const));

describe('what is changed by hand on the target is found and mended', () => {
  test.each(pairs)('from %s to %s', async (from, to) => {
    const { source, target, table, pipelineOf } = await pairOf(from, to);
    await source.execute(TABLE[from], rowsOf(from));
    const pipeline = await pipelineOf();
    const { generation } = await started(pipeline, specOf([table]));
    expect(await pipeline.verify({})).toMatchObject({ equal: true, exact: true, differences: [] });

    const damages = damagesOf(to);
    await target.execute(...damages.map(update));
    const found = await pipeline.verify({});
    expect(described(found.differences)).toEqual(damages.map(damaged).sort());
    expect(found).toMatchObject({ exact: true, tables: [{ missing: 0, extra: 0 }] });

    await pipeline.repair(found.differences);
    await replicate(pipeline, generation);
    expect(await pipeline.waitRepaired({ timeoutMs: 0 })).toEqual({ done: true, refused: [] });
    expect(await pipeline.verify({})).toMatchObject({ equal: true, exact: true, differences: [] });
  });
});

/** Columns of the source, and those that were made for them by hand. */
interface OtherTypes {
  readonly from: Family;
  readonly to: Family;
  readonly source: readonly string[];
  readonly target: readonly string[];
  readonly damages: readonly Damage[];
}

const AMONG_POSTGRES: OtherTypes = {
  from: 'postgres',
  to: 'postgres',
  source: [
    `CREATE TABLE items (id numeric PRIMARY KEY, amount numeric, note text, doc json, at timestamp(6), f real, n integer)`,
    `INSERT INTO items SELECT i, 1.1, 'a', '{"b": 1.0,  "a": [3e0]}', '2026-01-02 03:04:05.5', 1.1, 7
FROM generate_series(1, 9) i`,
    `UPDATE items SET id = '9.0' WHERE id = 9`,
  ],
  target: [
    `CREATE TABLE items (id numeric(10, 2) PRIMARY KEY, amount numeric(10, 2), note varchar(20), doc jsonb,
  at timestamp(3), f double precision, n bigint)`,
  ],
  damages: [
    { id: 1, column: 'amount', value: '1.11' },
    { id: 2, column: 'note', value: `'a '` },
    { id: 3, column: 'doc', value: `'{"b": 1, "a": [4]}'` },
    { id: 4, column: 'doc', value: `'{"b": 1.00000000000000000001, "a": [3]}'` },
    { id: 5, column: 'at', value: `'2026-01-02 03:04:05.501'` },
    { id: 6, column: 'f', value: '1.1000000000000003' },
    { id: 7, column: 'n', value: '8' },
  ],
};

const AMONG_MYSQL: Omit<OtherTypes, 'from' | 'to'> = {
  source: [
    `CREATE TABLE items (id DECIMAL(9, 1) PRIMARY KEY, amount DECIMAL(9, 1), note CHAR(5), at DATETIME(3), f FLOAT, n INT)`,
    `INSERT INTO items VALUES ${[1, 2, 3, 4, 5, 6]
      .map((id) => `(${id}, 1.1, 'a', '2026-01-02 03:04:05.5', 1.1, 7)`)
      .join(', ')}`,
  ],
  target: [
    `CREATE TABLE items (id DECIMAL(10, 3) PRIMARY KEY, amount DECIMAL(10, 3), note VARCHAR(20), at DATETIME(6),
  f DOUBLE, n BIGINT UNSIGNED)`,
  ],
  damages: [
    { id: 1, column: 'amount', value: '1.101' },
    { id: 2, column: 'note', value: `'a '` },
    { id: 3, column: 'at', value: `'2026-01-02 03:04:05.500001'` },
    { id: 4, column: 'f', value: '1.1000000000000003e0' },
    { id: 5, column: 'n', value: '8' },
  ],
};

const FROM_SQLITE: OtherTypes = {
  from: 'sqlite',
  to: 'postgres',
  source: [
    `CREATE TABLE items (id INTEGER PRIMARY KEY, doc TEXT, at TEXT, moment TEXT, uid TEXT, n, big)`,
    `INSERT INTO items WITH RECURSIVE i (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM i WHERE id < 7)
SELECT id, '{"b":1.0,"a":1e2}', '2026-01-02T03:04', '2026-01-02T03:04:05+02:00',
  'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '1.50', 1152921504606846976 FROM i`,
  ],
  target: [
    `CREATE TABLE items (id bigint PRIMARY KEY, doc jsonb, at timestamp, moment timestamptz, uid uuid, n numeric,
  big double precision)`,
  ],
  damages: [
    { id: 1, column: 'doc', value: `'{"a": 100.0, "b": 1.5}'` },
    { id: 2, column: 'at', value: `'2026-01-02 03:04:00.000001'` },
    { id: 3, column: 'moment', value: `'2026-01-02 03:04:05+00'` },
    { id: 4, column: 'uid', value: `'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12'` },
    { id: 5, column: 'n', value: '1.51' },
    { id: 6, column: 'big', value: '1152921504606847232' },
  ],
};

const otherTypes: readonly OtherTypes[] = [
  AMONG_POSTGRES,
  FROM_SQLITE,
  ...pairs
    .filter(([from, to]) => [from, to].every((family) => family === 'mysql' || family === 'mariadb'))
    .map(([from, to]): OtherTypes => ({ ...AMONG_MYSQL, from, to })),
];

describe('columns of other types are compared by what they mean', () => {
  test.each(otherTypes.map((types) => [types.from, types.to, types] as const))(
    'from %s to %s',
    async (from, to, types) => {
      const { source, target, table, pipelineOf } = await pairOf(from, to);
      await source.execute(...types.source);
      await target.execute(...types.target);
      const pipeline = await pipelineOf();
      const { generation } = await started(pipeline, specOf([table]));
      const before = await pipeline.verify({});
      expect(described(before.differences)).toEqual([]);
      expect(before).toMatchObject({ equal: true, exact: true });

      await target.execute(...types.damages.map(update));
      const found = await pipeline.verify({});
      const columns = found.differences.map(({ kind, key, columns: [column] }) => [
        kind,
        Math.trunc(Number(key['id'])),
        column,
      ]);
      expect(columns).toEqual(types.damages.map(({ id, column }) => ['different', id, column]));

      await pipeline.repair(found.differences);
      await replicate(pipeline, generation);
      expect(await pipeline.verify({})).toMatchObject({ equal: true, exact: true });
    },
  );
});
