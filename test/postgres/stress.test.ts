/**
 * The promise that nothing is lost, doubled or out of order, against writers that commit late, roll back, prepare and
 * move keys, with a purge beside them and a reader that starts again now and then. CDC_LONG=1 runs it for minutes.
 */
import { describe, expect, test } from '@jest/globals';
import { openSource } from '../../engine/adapters/postgres/source/source';
import { applyChanges, assertSameRows, emptyReplica, readChunk } from '../../engine/contract/replay';
import type { Position, Source, TableRoute } from '../../engine/model';
import { select } from '../support/postgres';
import { capturePostgres, routesOf, type CapturedPostgres } from '../support/postgres-captured';
import { runWriters, STRESS_TABLES } from '../support/postgres-writers';
import { randomNumbers } from '../support/random-numbers';

const SECONDS = process.env['CDC_LONG'] === '1' ? 120 : 5;
const WRITERS = 8;

interface Outcome {
  readonly changes: number;
  readonly chunks: number;
}

/** Reads beside the writers until they have ended, then to the end. */
async function follow(
  captured: CapturedPostgres,
  writers: Promise<void>,
  seed: number,
  purging: boolean,
): Promise<Outcome> {
  const numbers = randomNumbers(seed);
  const random = (limit: number): number => numbers.below(limit);
  const state = { over: false };
  const ended = writers.finally(() => (state.over = true));
  ended.catch(() => undefined);
  let source: Source = captured.source;
  let routes: readonly TableRoute[] = await captured.routes();
  const replica = emptyReplica(routes);
  let position: Position = captured.start;
  let [changes, chunks, seq] = [0, 0, 0];
  try {
    for (let last = false; ;) {
      const limit = 1 + random(120);
      const chunk = await readChunk(source, routes, position, limit);
      applyChanges(replica, routes, chunk);
      expect(chunk.changes).toBeLessThanOrEqual(limit);
      position = chunk.to;
      changes += chunk.changes;
      chunks += 1;
      if (purging && random(20) === 0) {
        await source.acknowledge('test', ++seq, position, Date.now());
        await source.purge({ before: Date.now() + 60_000, limit: 1 + random(500) });
      }
      if (random(40) === 0) {
        if (source !== captured.source) await source.close();
        source = await openSource({ url: captured.database.url, readOnly: false });
        routes = await routesOf(source, []);
      }
      if (chunk.more) continue;
      if (last) break;
      last = state.over;
    }
    await ended;
    await assertSameRows(source, routes, replica);
  } finally {
    if (source !== captured.source) await source.close();
  }
  return { changes, chunks };
}

function until(seconds: number): () => boolean {
  const end = performance.now() + seconds * 1000;
  return () => performance.now() > end;
}

describe('PostgreSQL under writers that commit late', () => {
  test('nothing is lost, doubled or out of order, and each before image is the after image before it', async () => {
    const captured = await capturePostgres(STRESS_TABLES);
    try {
      const naive = await captured.database.connect();
      const table = 'cdc.changes_public_accounts';
      let [last, seenNaively] = ['0/0', 0];
      /** The negative control: a cursor over the greatest value seen, as it is often done. */
      const lookNaively = async (): Promise<void> => {
        const rows = await select(naive, `SELECT lsn FROM ${table} WHERE lsn > $1 ORDER BY lsn`, [last]);
        seenNaively += rows.length;
        last = rows.at(-1)?.[0] ?? last;
      };
      const done = until(SECONDS);
      const writers = runWriters(captured.database, {
        writers: WRITERS,
        until: done,
        longest: 700,
        prepared: false,
        seed: 1,
      });
      const control = (async () => {
        while (!done()) {
          await lookNaively();
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      })();
      const { changes, chunks } = await follow(captured, writers, 7, false);
      await control;
      await lookNaively();
      const stored = await select(
        captured.client,
        `SELECT (SELECT count(*) FROM ${table}), (SELECT count(*) FROM cdc.changes_public_pairs)`,
      );
      const [accounts, pairs] = (stored[0] ?? []).map(Number);
      expect(changes).toBe((accounts ?? 0) + (pairs ?? 0));
      expect(chunks).toBeGreaterThan(10);
      expect(changes).toBeGreaterThan(100);
      expect(seenNaively).toBeLessThan(accounts ?? 0);
      for (const route of await captured.routes()) await expectChains(captured.source, route);
    } finally {
      await captured.end();
    }
  });

  test('a purge beside the reader takes nothing that it needs', async () => {
    const captured = await capturePostgres(STRESS_TABLES);
    try {
      const writers = runWriters(captured.database, {
        writers: 4,
        until: until(SECONDS / 2),
        longest: 500,
        prepared: false,
        seed: 2,
      });
      const { changes } = await follow(captured, writers, 11, true);
      expect(changes).toBeGreaterThan(100);
    } finally {
      await captured.end();
    }
  });
});

/** Every change of a key begins with what the one before it left. */
async function expectChains(source: Source, route: TableRoute): Promise<void> {
  const rows = new Map<string, string | null>();
  const all = { route, after: null, afterId: null, appliedUpTo: null, limit: 1_000_000, newest: false };
  const text = (row: unknown): string =>
    JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
  for (const change of await source.changes(all)) {
    const key = text(change.key);
    expect(change.before === null ? null : text(change.before)).toBe(rows.get(key) ?? null);
    rows.set(key, change.after === null ? null : text(change.after));
  }
}
