/** A comparison in parts holds no more in memory than it may, and finds exactly what differs, whatever the order of keys. */
import { describe, expect, test } from '@jest/globals';
import type { ScanRequest, Source, TableRoute, TableSchema, Target, Tuple } from '../../engine';
import { openSource } from '../../engine/adapters/sqlite/source/source';
import { openTarget } from '../../engine/adapters/sqlite/target/target';
import { compareInParts } from '../../engine/pipeline/compare-parts';
import type { Sides } from '../../engine/pipeline/compare-ranges';
import { createLikeness } from '../../engine/pipeline/likeness';
import { routeOf } from '../support/routes';
import { folderPerTest } from '../support/sqlite';

const folder = folderPerTest();

interface Opened {
  readonly sides: Sides;
  readonly route: TableRoute;
  /** How often the source was begun to be read. */
  readonly passes: () => number;
}

/** `alike`: false for sides that count as databases of different kinds, one with integers, the other with decimals. */
async function openSides(source: string, target: string, alike: boolean): Promise<Opened> {
  folder.database('shop.db', source);
  folder.database('warehouse.db', target);
  const here: Source = folder.closing(await openSource({ url: folder.url('shop.db'), readOnly: true }));
  const there: Target = folder.closing(
    await openTarget({ url: folder.url('warehouse.db'), readOnly: true, create: false }),
  );
  const [table] = await here.tables();
  if (table === undefined) throw new Error('no table');
  const targets = (await there.tables()).map((found) => (alike ? found : withDecimals(found)));
  let passes = 0;
  const counted: Source = {
    ...here,
    scan(request: ScanRequest) {
      if (request.after === null) passes += 1;
      return here.scan(request);
    },
  };
  return {
    sides: { source: counted, target: there, likenessOf: createLikeness(alike, targets), alike },
    route: routeOf(table),
    passes: () => passes,
  };
}

function withDecimals(table: TableSchema): TableSchema {
  const [id, ...others] = table.columns;
  if (id === undefined) throw new Error('no columns');
  const type = { kind: 'decimal', precision: null, scale: null } as const;
  return { ...table, columns: [{ ...id, type }, ...others] };
}

interface Total {
  sourceRows: number;
  targetRows: number;
  readonly suspects: string[];
}

async function compare({ sides, route }: Opened, partBytes?: number): Promise<Total> {
  const total: Total = { sourceRows: 0, targetRows: 0, suspects: [] };
  for await (const step of compareInParts(sides, route, partBytes)) {
    total.sourceRows += step.sourceRows;
    total.targetRows += step.targetRows;
    const name = (key: Tuple): string => key.map(String).join(' ');
    total.suspects.push(...step.suspects.map(({ key, targetKey }) => `${name(key)} / ${name(targetKey)}`));
  }
  total.suspects.sort();
  return total;
}

const COUNT = 3_000;
const NUMBERS = `WITH RECURSIVE i (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM i WHERE id < ${COUNT})`;

describe('a table whose keys are numbers that are spelled otherwise there', () => {
  const source = `CREATE TABLE t (id INTEGER PRIMARY KEY, v); INSERT INTO t ${NUMBERS} SELECT id, 'v' || id FROM i`;
  const target = `CREATE TABLE t (id TEXT PRIMARY KEY, v); INSERT INTO t ${NUMBERS} SELECT id || '.0', 'v' || id FROM i;
DELETE FROM t WHERE id IN ('7.0', '2999.0'); UPDATE t SET v = NULL WHERE id IN ('1.0', '300.0');
INSERT INTO t VALUES ('0.5', 'extra'), ('99999', 'extra')`;
  const found: Total = {
    sourceRows: COUNT,
    targetRows: COUNT,
    suspects: ['0.5 / 0.5', '1 / 1.0', '2999 / 2999', '300 / 300.0', '7 / 7', '99999 / 99999'],
  };

  test('is gone through once where all of it fits', async () => {
    const sides = await openSides(source, target, false);
    expect(await compare(sides)).toEqual(found);
    expect(sides.passes()).toBe(1);
  });

  // A row takes somewhat more than 200 bytes.
  test.each([400_000, 50_000, 20_000])(
    'is gone through part by part where %i bytes are too few for all of it',
    async (bytes) => {
      const sides = await openSides(source, target, false);
      expect(await compare(sides, bytes)).toEqual(found);
      const fewest = (COUNT * 200) / bytes;
      expect(sides.passes()).toBeGreaterThanOrEqual(fewest);
      expect(sides.passes()).toBeLessThan(6 * fewest);
    },
  );

  test('comes to an end where not even one row fits', async () => {
    const sides = await openSides(
      `CREATE TABLE t (id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1, 1), (2, 2)`,
      target,
      false,
    );
    expect(await compare(sides, 1)).toMatchObject({ sourceRows: 2, targetRows: COUNT });
  });
});

test('keys that one side compares without case are told exactly', async () => {
  const words = `${NUMBERS} SELECT CASE id % 2 WHEN 0 THEN 'Key ' ELSE 'key ' END || id, id FROM i`;
  const sides = await openSides(
    `CREATE TABLE t (k TEXT COLLATE NOCASE NOT NULL PRIMARY KEY, v); INSERT INTO t ${words}`,
    `CREATE TABLE t (k TEXT NOT NULL PRIMARY KEY, v); INSERT INTO t ${words};
UPDATE t SET k = 'KEY 5' WHERE k = 'key 5'; DELETE FROM t WHERE k = 'Key 6'; UPDATE t SET v = 0 WHERE k = 'key 7';
INSERT INTO t VALUES ('KEY', 0)`,
    true,
  );
  expect(await compare(sides, 50_000)).toEqual({
    sourceRows: COUNT,
    targetRows: COUNT,
    suspects: ['KEY / KEY', 'KEY 5 / KEY 5', 'Key 6 / Key 6', 'key 5 / key 5', 'key 7 / key 7'],
  });
});
