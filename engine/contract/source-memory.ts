/** Cases: what is read at once takes no more memory than it may, but for a row that comes alone. */
import assert from 'node:assert/strict';
import { oneRange } from '../model';
import type { RowChunk, ScanRequest, SnapshotRequest } from '../model';
import { contractCase } from './contract-case';
import type { ContractCase } from './contract-case';
import { assertEqual } from './equal';
import { stampedCase } from './keyset-scene';
import type { ContractOptions } from './options';
import { assertSameRows, replay } from './replay';
import { first, rejection } from './scene';
import type { Captured } from './scene';
import { ITEMS } from './tables';

const ROWS = 20;
/** Two rows fit into it, and not all. */
const BYTES = 2_000;
/** No row does. */
const TINY = 100;

/** Rows of some hundred bytes each. */
function insertRows(columns = '', values = ''): string {
  const rows = Array.from(
    { length: ROWS },
    (_, n) => `(${String(n + 1)}, '${'long '.repeat(16)}', 1${values})`,
  );
  return `INSERT INTO items (id, name, amount${columns}) VALUES ${rows.join(', ')}`;
}

export function sourceMemoryCases(options: ContractOptions): readonly ContractCase[] {
  const define = (name: string, body: Parameters<typeof contractCase>[2]) =>
    contractCase(options, name, body);
  return [
    define(
      'changes that take more memory than they may are refused, fewer of them are not, and nothing is lost',
      async (scene) => {
        const captured = await scene.captured([ITEMS]);
        await captured.database.execute(insertRows());
        await rejection(read(captured, BYTES, 100), 'CHUNK_TOO_LARGE');
        assert.equal((await read(captured, BYTES, 2)).changes, 2);
        assert.equal((await read(captured, 100 * BYTES, 100)).changes, ROWS);
        const { source, routes, start } = captured;
        const { replica } = await replay(source, routes, start, 7);
        await assertSameRows(source, routes, replica);
      },
    ),

    define('so are the rows of a range', async (scene) => {
      const captured = await scene.captured([ITEMS], [insertRows()]);
      const range = (limit: number): SnapshotRequest =>
        oneRange({ table: first(captured.routes).id, after: null, replace: true }, limit);
      await rejection(read(captured, BYTES, 1, range(100)), 'CHUNK_TOO_LARGE');
      assertEqual(rowsRead(await read(captured, BYTES, 1, range(2))), 2);
      assertEqual(rowsRead(await read(captured, TINY, 1, range(1))), 1);
      assertEqual(rowsRead(await read(captured, null, 1, range(100))), ROWS);
    }),

    define('so are the rows of a scan', async (scene) => {
      const { source, routes } = await scene.captured([ITEMS], [insertRows()]);
      const { source: table, columns, key } = first(routes);
      const request: ScanRequest = { table: table.name, columns, key, after: null, upTo: null, limit: null };
      await rejection(source.scan({ ...request, bytes: BYTES }), 'CHUNK_TOO_LARGE');
      assertEqual((await source.scan({ ...request, limit: 2, bytes: BYTES })).rows.length, 2);
      assertEqual((await source.scan({ ...request, limit: 1, bytes: TINY })).rows.length, 1);
      assertEqual((await source.scan(request)).rows.length, ROWS);
    }),

    stampedCase(
      options,
      'so are rows that are read by a column that grows',
      ITEMS,
      async ({ database, reader, route, version }) => {
        await database.execute(insertRows(', revision', ', 1'));
        const ranges = [{ column: version, from: null, before: null, after: null }];
        await rejection(reader.read(ranges, 100, BYTES), 'CHUNK_TOO_LARGE');
        assertEqual((await reader.read(ranges, 2, BYTES))[0]?.rows.length, 2);
        assertEqual((await reader.read(ranges, 1, TINY))[0]?.rows.length, 1);
        const request = { table: route.id, after: null, replace: true };
        await rejection(reader.copy({ route, request, limit: 100 }, BYTES), 'CHUNK_TOO_LARGE');
        assertEqual((await reader.copy({ route, request, limit: 2 }, BYTES)).range.rows.length, 2);
      },
    ),
  ];
}

async function read(
  { source, routes, start }: Captured,
  bytes: number | null,
  limit: number,
  snapshot: SnapshotRequest | null = null,
): Promise<RowChunk> {
  const schemaToken = await source.check(start, routes);
  return source.read({ from: start, routes, limit, bytes, schemaToken, snapshot });
}

function rowsRead({ ranges }: RowChunk): number {
  return ranges.reduce((sum, { rows }) => sum + rows.length, 0);
}
