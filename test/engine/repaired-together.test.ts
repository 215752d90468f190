/** Keys that are read together and are too much: what is asked for next. */
import { expect, test } from '@jest/globals';
import { asCursor, asPosition, chunkTooLarge } from '../../engine';
import { sqliteAdapter } from '../../engine/adapters/sqlite';
import { transferRows } from '../../engine/apply/transfer';
import { rejection } from '../support/pipelines';
import { folderPerTest } from '../support/sqlite';

const folder = folderPerTest();

test.each([
  ['few changes before them, since these may be what is too much', false, [100, 1]],
  ['nothing where transactions stay whole: one of them would be cut', true, [100]],
])('%s', async (_, uncut, limits) => {
  folder.database('shop.db', 'CREATE TABLE t (id INTEGER PRIMARY KEY)');
  const source = folder.closing(
    await sqliteAdapter.openSource({ url: folder.url('shop.db'), readOnly: false }),
  );
  const target = folder.closing(
    await sqliteAdapter.openTarget({ url: folder.url('copy.db'), readOnly: false, create: true }),
  );
  const asked: number[] = [];
  const transfer = transferRows(
    {
      ...source,
      read({ limit }) {
        asked.push(limit);
        return Promise.reject(chunkTooLarge('t'));
      },
    },
    target,
  );
  const range = { table: 't', after: null, replace: true, only: [asCursor('1'), asCursor('2')] };
  const snapshot = { ranges: [range], limit: 2, atOnce: 1 };
  const request = { from: asPosition(''), routes: [], limit: 100, uncut, schemaToken: '', snapshot };
  await rejection(transfer.stage(request), 'CHUNK_TOO_LARGE');
  expect(asked).toEqual(limits);
});
