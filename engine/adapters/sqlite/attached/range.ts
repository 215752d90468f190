/** Copies a snapshot range out of an attached source into a TEMP table. */
import { isUtf8 } from 'node:buffer';
import {
  decodeCursor,
  encodeCursor,
  filterSql,
  routeOnTarget,
  type Cursor,
  type CursorValue,
  type RangeToRead,
  type SnapshotProgress,
  type TableRoute,
  type Value,
} from '../../../model';
import type { Reading } from './attach';
import { bindCursorValue } from '../rows/cursor';
import { readingChosen } from '../rows/filter';
import { amongKeys } from '../rows/key-range';
import { quote, quoteAll } from '../database/identifiers';
import type { Session } from '../database/session';
import { KIND, stagedColumns, stagedKey, type StagedRange, type UnfitRow } from '../target/staging';
import { takeOutUnfit } from '../target/unfit';

export interface ReadRange {
  readonly staged: StagedRange;
  readonly unfit: readonly UnfitRow[];
  readonly progress: SnapshotProgress;
}

/** Copies the next rows of a table in the order of its key. */
export function stageRange(reading: Reading, { route, request, limit }: RangeToRead): ReadRange {
  const { session, source } = reading;
  const decode = (cursor: Cursor | null): readonly CursorValue[] | null =>
    cursor === null ? null : decodeCursor(cursor, route.key.length);
  const after = decode(request.after);
  const only = request.only?.map((cursor) => decodeCursor(cursor, route.key.length)) ?? null;
  const key = quoteAll(route.key);
  const rowsWanted = only === null ? beyond(route, after) : amongKeys(route.key, only);
  const sql = route.where === null ? rowsWanted.sql : `${rowsWanted.sql} AND ${filterSql(route.where)}`;
  const { parameters } = rowsWanted;
  const table = reading.borrow(route);
  const rows = readingChosen(route, () =>
    session.run(
      `INSERT INTO ${table} (kind, ${stagedColumns(route)})
SELECT ${KIND.upsert}, ${quoteAll(route.columns)}
FROM ${source.schema}.${quote(route.source.name.name)} WHERE ${sql} ORDER BY ${key} LIMIT ?`,
      ...parameters,
      BigInt(limit),
    ),
  );
  const upTo = only !== null || rows < limit ? null : lastKey(session, route, table);
  return {
    staged: { table, after, upTo, only, replace: request.replace },
    unfit: takeOutUnfit(session, routeOnTarget(route), table, true),
    progress: {
      table: route.id,
      rows,
      cursor: upTo === null ? null : encodeCursor(upTo),
      finished: upTo === null,
    },
  };
}

function beyond(
  { key }: TableRoute,
  after: readonly CursorValue[] | null,
): { readonly sql: string; readonly parameters: readonly Value[] } {
  if (after === null) return { sql: 'TRUE', parameters: [] };
  const parts = after.map(bindCursorValue);
  return {
    sql: `(${quoteAll(key)}) > (${parts.map((part) => part.sql).join(', ')})`,
    parameters: parts.map((part) => part.bound),
  };
}

/** The key that was staged last, every bit of it: text comes as bytes, since it need not be valid. */
function lastKey(session: Session, route: TableRoute, table: string): readonly CursorValue[] {
  const utf8 = session.get('PRAGMA encoding')?.[0] === 'UTF-8';
  const columns = stagedKey(route).flatMap((column) => [
    `typeof(${column}) = 'text'`,
    utf8 ? `CASE typeof(${column}) WHEN 'text' THEN CAST(${column} AS BLOB) ELSE ${column} END` : column,
  ]);
  const row = session.get(`SELECT ${columns.join(', ')} FROM ${table} ORDER BY rowid DESC LIMIT 1`) ?? [];
  return route.key.map((_, index): CursorValue => {
    const value = row[2 * index + 1] ?? null;
    const isText = row[2 * index] === 1n;
    if (typeof value === 'boolean') return null;
    if (!isText || !(value instanceof Uint8Array)) return value;
    return isUtf8(value) ? Buffer.from(value).toString('utf8') : { rawText: value };
  });
}
