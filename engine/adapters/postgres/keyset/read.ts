/** Rows in the order of a column and of the key, and ranges of a first copy. */
import { CdcError } from '../../../errors';
import {
  allowanceOf,
  encodeCursor,
  filterSql,
  type Allowance,
  type KeysetBound,
  type RangeRead,
  type KeysetPage,
  type KeysetRange,
  type RangeToRead,
  type TableRoute,
} from '../../../model';
import { qualify, quote, type Parameter, type Session } from '../database';
import { decodeCursor } from '../rows/cursor';
import { keyIdentity } from '../rows/key-identity';
import { comparison, readKeyParts, type KeyPart } from '../rows/key-order';
import { selectList } from '../rows/scan';
import { readersOf, readTuple, writeValue } from '../rows/values';
import { readRange } from '../source/read';
import { requireColumns } from './columns';
import { millisecondsOf, textIn, typeOf } from './time';

/** Throws SCHEMA_MOVED, POSITION_INVALID, and CHUNK_TOO_LARGE beyond `bytes`. */
export async function readPages(
  session: Session,
  ranges: readonly KeysetRange[],
  limit: number,
  bytes: number | null,
): Promise<readonly KeysetPage[]> {
  const routes = ranges.map(({ column }) => column.route);
  return session.reading(
    async () => {
      const pages: KeysetPage[] = [];
      const allowance = allowanceOf(bytes);
      let left = limit;
      for (const range of ranges) {
        const page = await readPage(session, range, left, allowance);
        pages.push(page);
        left -= page.rows.length;
        if (!page.ended || left <= 0) break;
      }
      await requireColumns(
        session,
        routes.filter((_, index) => (pages[index]?.rows.length ?? 0) > 0),
      );
      return pages;
    },
    lockOf(session, routes),
  );
}

/** Throws SCHEMA_MOVED, POSITION_INVALID, and CHUNK_TOO_LARGE beyond `bytes`. */
export function copyRange(session: Session, range: RangeToRead, bytes: number | null): Promise<RangeRead> {
  return session.reading(
    async () => {
      const read = await readRange(session, range, allowanceOf(bytes));
      await requireColumns(session, [range.route]);
      return read;
    },
    lockOf(session, [range.route]),
  );
}

/** A table that is rewritten after a snapshot was taken reads as empty in it: the lock comes first. */
function lockOf(session: Session, routes: readonly TableRoute[]): () => Promise<void> {
  return async () => {
    for (const { id, source } of routes) {
      await session.execute(`LOCK TABLE ${qualify(source.name)} IN ACCESS SHARE MODE`, { table: id });
    }
  };
}

async function readPage(
  session: Session,
  { column: keyset, from, before, after }: KeysetRange,
  limit: number,
  allowance: Allowance | null,
): Promise<KeysetPage> {
  const { route, column } = keyset;
  const order = [column, ...route.key];
  const parts = await partsOf(session, route, order);
  const parameters: Parameter[] = [];
  const conditions: string[] = [];
  const bind = (text: Parameter, place: number): string => {
    parameters.push(text);
    return `CAST($${parameters.length}::text AS ${parts[place]?.type ?? 'text'})`;
  };
  const name = ({ name: own }: Pick<KeyPart, 'name'>): string => `s.${quote(own)}`;
  const compare = ({ value }: KeysetBound, operator: string): void => {
    conditions.push(`s.${quote(column)} ${operator} ${bind(textIn(value), 0)}`);
  };
  if (from !== null) compare(from, from.inclusive ? '>=' : '>');
  else if (after === null) conditions.push(`s.${quote(column)} IS NOT NULL`);
  if (before !== null) compare(before, before.inclusive ? '<' : '<=');
  if (after !== null) {
    const values = decodeCursor(after, order.length).map((value, place) => bind(writeValue(value), place));
    // The first column alone is what an index on it can follow.
    conditions.push(
      `s.${quote(column)} >= ${values[0] ?? 'NULL'}`,
      comparison(parts, name, values, 'greater'),
    );
  }
  const found = await session.query(
    `SELECT s.${quote(column)}, ${goneSql(route)}, ${selectList(route.columns)} FROM ${qualify(route.source.name)} AS s
WHERE ${conditions.join(' AND ')} ORDER BY ${parts.map(name).join(', ')} LIMIT ${limit}`,
    parameters,
    { table: route.id, allowance },
  );
  const readers = readersOf(route.source, route.columns);
  const keys = route.key.map((key) => route.columns.indexOf(key));
  const type = keyset.by === 'timestamp' ? typeOf(keyset) : null;
  const rows = found.map(([value = null, gone, ...texts]) => ({
    identity: keyIdentity(keys.map((place) => texts[place] ?? null)),
    row: readTuple(texts, readers),
    gone: gone === 't',
    changedAt: millisecondsOf(value, type),
  }));
  const last = rows.at(-1);
  return {
    rows,
    ended: rows.length < limit,
    after:
      last === undefined
        ? null
        : encodeCursor([found.at(-1)?.[0] ?? null, ...keys.map((place) => last.row[place] ?? null)]),
  };
}

function goneSql({ where }: TableRoute): string {
  return where === null ? 'false' : `${filterSql(where)} IS NOT TRUE`;
}

/** Throws SCHEMA_MOVED. */
async function partsOf(
  session: Session,
  route: TableRoute,
  order: readonly string[],
): Promise<readonly KeyPart[]> {
  const parts = await readKeyParts(session, route.source.name, order);
  if (parts.length === order.length) return parts;
  throw new CdcError('SCHEMA_MOVED', `Table ${route.id} has other columns than a moment ago`, {
    table: route.id,
  });
}
