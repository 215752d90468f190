/** How the rows of a chunk are shared out among the tables that are copied at once. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { shareOut, type TableRoute } from '../../engine/model';

function routeOf(name: string): TableRoute {
  const table = { schema: null, name };
  return {
    id: name,
    source: {
      name: table,
      columns: [],
      key: { columns: ['id'], from: 'primary key' },
      refusal: null,
      uniqueIndexes: [],
      foreignKeys: [],
      reread: false,
      options: [],
    },
    target: table,
    columns: ['id'],
    key: ['id'],
    rename: null,
    where: null,
  };
}

/** Reads a chunk of tables that have so many rows left: the rows that it takes of each, by name. */
function chunkOf(
  tables: Readonly<Record<string, number>>,
  limit: number,
  atOnce: number,
): ReadonlyMap<string, number> {
  const names = Object.keys(tables);
  const ranges = names.map((table) => ({ table, after: null, replace: false }));
  const taken = new Map<string, number>();
  for (const { range, took } of shareOut({ ranges, limit, atOnce }, names.map(routeOf))) {
    const left = tables[range.route.id] ?? 0;
    const rows = Math.min(left, range.limit);
    taken.set(range.route.id, rows);
    took({ rows, finished: rows < range.limit });
  }
  return taken;
}

describe('the rows of a chunk', () => {
  test('all go to a table that is copied alone', () => {
    expect([...chunkOf({ a: 1_000 }, 100, 4)]).toEqual([['a', 100]]);
  });

  test('are shared by as many tables as are copied at once', () => {
    const tables = { a: 1_000, b: 1_000, c: 1_000, d: 1_000 };
    expect([...chunkOf(tables, 100, 2).values()]).toEqual([50, 50]);
    expect([...chunkOf(tables, 100, 3).values()]).toEqual([34, 33, 33]);
    expect([...chunkOf(tables, 100, 64).values()]).toEqual([25, 25, 25, 25]);
    expect([...chunkOf(tables, 2, 4).values()]).toEqual([1, 1]);
  });

  test('that a small table leaves go to those behind it, as does its place', () => {
    const tables = { a: 1_000, b: 5, c: 0, d: 1_000, e: 1_000 };
    expect([...chunkOf(tables, 100, 2)]).toEqual([
      ['a', 50],
      ['b', 5],
      ['c', 0],
      ['d', 45],
    ]);
    expect([...chunkOf({ a: 5, b: 5, c: 5 }, 100, 1).values()]).toEqual([5, 5, 5]);
  });

  test('are none of a table that is not read any more', () => {
    const ranges = ['gone', 'a'].map((table) => ({ table, after: null, replace: false }));
    const [share, ...others] = shareOut({ ranges, limit: 10, atOnce: 1 }, [routeOf('a')]);
    expect([share?.range.route.id, share?.range.limit, others]).toEqual(['a', 10, []]);
    expect([...shareOut(null, [routeOf('a')])]).toEqual([]);
  });

  test('are never more than allowed, nor of more tables than may be left open, and something is always taken', () => {
    const sizes = fc.array(fc.nat({ max: 50 }), { minLength: 1, maxLength: 12 });
    const some = fc.integer({ min: 1, max: 60 });
    fc.assert(
      fc.property(sizes, some, fc.integer({ min: 1, max: 8 }), (rows, limit, atOnce) => {
        const left = rows.map((count, index) => [`t${String(index)}`, count] as const);
        for (let chunks = 0, open = left; open.length > 0; chunks++) {
          const tables = Object.fromEntries(open);
          const taken = chunkOf(tables, limit, atOnce);
          expect([...taken.values()].reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(limit);
          const after = open.map(([name, count]) => [name, count - (taken.get(name) ?? 0)] as const);
          const begun = after.filter(([name, count]) => taken.has(name) && count > 0);
          expect(begun.length).toBeLessThanOrEqual(atOnce);
          open = after.filter(([name, count]) => !taken.has(name) || count > 0);
          expect(chunks).toBeLessThan(700);
        }
      }),
    );
  });
});
