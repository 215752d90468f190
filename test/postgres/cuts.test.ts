/** Where a large window is cut: no part is larger than asked for, and none is missing. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodePosition } from '../../engine/adapters/postgres/capture/position';
import { currentSnapshot } from '../../engine/adapters/postgres/capture/head';
import { prepareSource } from '../../engine/adapters/postgres/capture/life';
import { openSession, parseUrl } from '../../engine/adapters/postgres/database';
import { capturesOf } from '../../engine/adapters/postgres/source/branches';
import { noCuts, planChunk } from '../../engine/adapters/postgres/source/window';
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

describe('a large window, of which some changes are looked at to estimate its parts', () => {
  const CHANGES = 130_000;
  let captured: CapturedPostgres;

  beforeAll(async () => {
    captured = await capturePostgres(TABLES);
    // Most at the beginning and in one table, and wide rows among narrow ones.
    await captured.client.query(`INSERT INTO a SELECT g, 'x' FROM generate_series(1, 90000) g`);
    await captured.client.query(`INSERT INTO b SELECT g, repeat('y', 300) FROM generate_series(1, 20000) g`);
    await captured.client.query(`UPDATE a SET v = 'z' WHERE id <= 20000`);
  });
  afterAll(() => captured.end());

  /** Sizes of the parts, each planned where the one before it ends. */
  async function sizesOf(limit: number, spoil: (cuts: ReturnType<typeof noCuts>) => void = () => undefined) {
    const session = await openSession(parseUrl(captured.database.url), 'test');
    await prepareSource(session);
    const routes = await captured.routes('a', 'b');
    const cuts = noCuts();
    let from = decodePosition(captured.start);
    const sizes: number[] = [];
    for (let more = true; more;) {
      const plan = await session.transaction('repeatable read, read only', async () => {
        const now = await currentSnapshot(session);
        return planChunk(session, routes, await capturesOf(session, routes), { from, now, limit }, cuts);
      });
      const parts = plan.parts.flatMap(({ logged }) => logged.map(({ changes }) => changes));
      sizes.push(parts.reduce((sum, size) => sum + size, 0));
      ({ to: from, more } = plan);
      spoil(cuts);
    }
    await session.close();
    return sizes;
  }

  it('is cut into parts that are nearly full, and none of it is missing', async () => {
    const sizes = await sizesOf(20_000);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(CHANGES);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(20_000);
    expect(Math.min(...sizes)).toBeGreaterThan(0);
    expect(sizes.length).toBeLessThanOrEqual(9);
  });

  it('is cut again, exactly, when a part turns out to be too large', async () => {
    const sizes = await sizesOf(20_000, (cuts) => {
      if (cuts.misjudged === '') cuts.marks = cuts.marks.filter((_, place) => place !== 1);
    });
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(CHANGES);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(20_000);
  });
});
