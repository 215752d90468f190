/** What writing into a target table must know of it: the unique index over the key, others, and what differs. */
import { CdcError } from '../../../errors';
import { displayName, type TableRoute } from '../../../model';
import { foldName, quote, sameName } from '../database/identifiers';
import { affinityOf } from '../schema/affinity';
import { sessionState, type Session } from '../database/session';
import { flagOf, numberOf, textOf, textOrNull } from '../database/values';

export interface TargetShape {
  /** Quoted and qualified. */
  readonly table: string;
  /** The conflict target of an upsert: the key's columns with the collations of their unique index. */
  readonly conflictTarget: string;
  /** True when another unique index can refuse a row. */
  readonly furtherUnique: boolean;
  /** The route's columns that REPLACE would fill with their default instead of refusing NULL. */
  readonly defaulted: readonly string[];
  /**
   * Key columns in which equal keys can be spelled differently (`a` and `A` under NOCASE, 1 and 1.0 without a
   * type): an update must write them, too.
   */
  readonly respelled: readonly string[];
}

interface ShapeCache {
  schemaVersion: number;
  readonly shapes: Map<string, TargetShape>;
}

const cacheOf = sessionState<ShapeCache>(() => ({ schemaVersion: -1, shapes: new Map() }));

/** Throws TARGET_TABLE_MISMATCH when the table is gone or has lost its unique key. */
export function targetShape(session: Session, route: TableRoute): TargetShape {
  const cache = cacheOf(session);
  const schemaVersion = numberOf(session.get('PRAGMA main.schema_version')?.[0]);
  if (cache.schemaVersion !== schemaVersion) {
    cache.shapes.clear();
    cache.schemaVersion = schemaVersion;
  }
  const id = JSON.stringify([route.target.name, route.key, route.columns]);
  let shape = cache.shapes.get(id);
  if (shape === undefined) {
    shape = readShape(session, route);
    cache.shapes.set(id, shape);
  }
  return shape;
}

interface Column {
  readonly name: string;
  readonly declaredType: string;
  readonly notNull: boolean;
  readonly hasDefault: boolean;
  readonly inPrimaryKey: boolean;
}

interface Unique {
  /** Null where the index holds an expression. */
  readonly columns: readonly { readonly name: string | null; readonly collation: string | null }[];
  readonly partial: boolean;
}

function readShape(session: Session, route: TableRoute): TargetShape {
  const { name } = route.target;
  const columns = session
    .all(
      'SELECT name, type, "notnull", dflt_value IS NOT NULL, pk FROM pragma_table_xinfo(?, ?)',
      name,
      'main',
    )
    .map(([column, type, notNull, hasDefault, pk]): Column => ({
      name: textOf(column),
      declaredType: textOf(type),
      notNull: flagOf(notNull),
      hasDefault: flagOf(hasDefault),
      inPrimaryKey: flagOf(pk),
    }));
  if (columns.length === 0) {
    throw new CdcError('TARGET_TABLE_MISMATCH', `Target table ${displayName(route.target)} is gone`, {
      hint: `\`cdc resync NAME ${route.id}\` makes it again and copies its rows.`,
      table: route.id,
    });
  }
  const uniques = readUniques(session, name, columns);
  const wanted = sortedNames(route.key);
  const isKey = ({ partial, columns: indexed }: Unique): boolean =>
    !partial && sortedNames(indexed.map((column) => column.name ?? '')) === wanted;
  const key = uniques.find(isKey);
  if (key === undefined) {
    throw new CdcError(
      'TARGET_TABLE_MISMATCH',
      `Target table ${displayName(route.target)} has no unique key over (${route.key.join(', ')})`,
      { table: route.id },
    );
  }
  const replicated = columns.filter(({ name: column }) =>
    route.columns.some((other) => sameName(other, column)),
  );
  return {
    table: `main.${quote(name)}`,
    conflictTarget: key.columns
      .map(
        ({ name: column, collation }) =>
          quote(column ?? '') + (collation === null ? '' : ` COLLATE ${quote(collation)}`),
      )
      .join(', '),
    furtherUnique: uniques.some((unique) => unique !== key),
    defaulted: replicated
      .filter((column) => column.notNull && column.hasDefault)
      .map((column) => column.name),
    respelled: route.key.filter((column) => {
      const indexed = key.columns.find((candidate) => sameName(candidate.name ?? '', column));
      const declared = columns.find((candidate) => sameName(candidate.name, column));
      return (
        (indexed?.collation ?? 'BINARY') !== 'BINARY' ||
        affinityOf(declared?.declaredType ?? '', true) === 'blob'
      );
    }),
  };
}

function readUniques(session: Session, table: string, columns: readonly Column[]): readonly Unique[] {
  const indexes = session.all(
    'SELECT name, partial FROM pragma_index_list(?, ?) WHERE "unique"',
    table,
    'main',
  );
  const uniques = indexes.map(([index, partial]): Unique => ({
    partial: flagOf(partial),
    columns: session
      .all('SELECT name, coll FROM pragma_index_xinfo(?, ?) WHERE key', textOf(index), 'main')
      .map(([column, collation]) => ({ name: textOrNull(column), collation: textOf(collation) })),
  }));
  // An INTEGER PRIMARY KEY is the rowid itself: no index speaks of it.
  const rowid = columns.filter((column) => column.inPrimaryKey);
  const [alias] = rowid;
  if (alias !== undefined && rowid.length === 1 && foldName(alias.declaredType) === 'integer') {
    uniques.push({ partial: false, columns: [{ name: alias.name, collation: null }] });
  }
  return uniques;
}

function sortedNames(names: readonly string[]): string {
  return JSON.stringify(names.map(foldName).sort());
}
