/** Where a large window is cut: no part is larger than asked for, and none is missing. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { capturePostgres, type CapturedPostgres } from '../support/postgres-captured';

const TABLES = [
  'CREATE TABLE a (id bigint PRIMARY KEY, v text)',
  'CREATE TABLE b (id bigint PRIMARY KEY, v text)',
];
const ROWS = 6_000;

describe('a window that is cut', () => {
  let captured: CapturedPostgres;

  beforeAll(async () => {
    captured = await capturePostgres(TABLES);
    const { client } = captured;
    // Few changes along much of the WAL, and many along little of it.
    await client.query(`INSERT INTO a SELECT g, repeat('x', 900) FROM generate_series(1, ${ROWS / 3}) g`);
    await client.query(`INSERT INTO b SELECT g, 'x' FROM generate_series(1, ${ROWS / 3}) g`);
    for (let turn = 0; turn < 10; turn++) {
      await client.query(`UPDATE a SET v = 'y' WHERE id % 10 = ${turn}`);
    }
  });
  afterAll(() => captured.end());

  it.each([1, 7, 100, 700, 1_500, 2_500, 5_999])('into parts of %d', async (limit) => {
    const { source, start } = captured;
    const routes = await captured.routes('a', 'b');
    const schemaToken = await source.check(start, routes);
    const sizes: number[] = [];
    let from = start;
    const most = limit < 100 ? 5 : Infinity;
    for (let more = true; more && sizes.length < most;) {
      const chunk = await source.read({ from, routes, limit, snapshot: null, schemaToken });
      sizes.push(chunk.changes);
      ({ to: from, more } = chunk);
    }
    expect(Math.max(...sizes)).toBeLessThanOrEqual(limit);
    if (most === Infinity) {
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(ROWS);
      // Not many more parts than there must be.
      expect(sizes.length).toBeLessThanOrEqual(Math.ceil((2 * ROWS) / limit) + 1);
    }
  });
});
