/** What writing into a target table must know of it: the unique index over the key, others, and what differs. */
import { CdcError } from '../../../errors';
import { displayName, type TableRoute } from '../../../model';
import { foldName, quote, sameName } from '../database/identifiers';
import { affinityOf } from '../schema/affinity';
import { keyCollation } from '../schema/collations';
import { sessionState, type Session } from '../database/session';
import { flagOf, numberOf, textOf } from '../database/values';
import { readUniques, ruleOf, ruleOnSource, type UniqueDetail } from '../schema/indexes';

export interface TargetShape {
  /** Quoted and qualified. */
  readonly table: string;
  /** The conflict target of an upsert: the key's columns with the collations of their unique index. */
  readonly conflictTarget: string;
  /** True when another unique index can refuse a row. */
  readonly furtherUnique: boolean;
  /**
   * True when the source refuses whatever those indexes refuse: two of its rows never stand in each other's way, so a
   * row that does is outdated.
   */
  readonly alikeUnique: boolean;
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

/** Throws TARGET_TABLE_MISMATCH when the table is gone, or lacks a column or its unique key. */
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
  const lacking = route.columns.find((column) => !columns.some((other) => sameName(other.name, column)));
  if (lacking !== undefined) {
    throw new CdcError(
      'TARGET_TABLE_MISMATCH',
      `Target table ${displayName(route.target)} lacks the column ${lacking}`,
      { table: route.id, column: lacking },
    );
  }
  const indexes = readUniques(session, name);
  const rowid = rowidKey(columns, indexes);
  const uniques = rowid === null ? indexes : [...indexes, rowid];
  const wanted = keyRule(route);
  const key = uniques.find((unique) => ruleOf(unique) === wanted);
  if (key === undefined) {
    throw new CdcError(
      'TARGET_TABLE_MISMATCH',
      `Target table ${displayName(route.target)} has no unique key over (${route.key.join(', ')})`,
      { table: route.id },
    );
  }
  const further = uniques.filter((unique) => unique !== key && isWritten(unique, route));
  const enforced = new Set(route.source.uniqueIndexes.map(ruleOnSource));
  const replicated = columns.filter(({ name: column }) =>
    route.columns.some((other) => sameName(other, column)),
  );
  return {
    table: `main.${quote(name)}`,
    conflictTarget: key.terms
      // The rowid is none of an index, and matches by its bare name only.
      .map(
        ({ column, collation }) =>
          quote(column ?? '') + (key === rowid ? '' : ` COLLATE ${quote(collation)}`),
      )
      .join(', '),
    furtherUnique: further.length > 0,
    alikeUnique: further.every((unique) => enforced.has(ruleOf(unique))),
    defaulted: replicated
      .filter((column) => column.notNull && column.hasDefault)
      .map((column) => column.name),
    respelled: route.key.filter((column) => {
      const indexed = key.terms.find((term) => sameName(term.column ?? '', column));
      const declared = columns.find((candidate) => sameName(candidate.name, column));
      return (
        (indexed?.collation ?? 'BINARY') !== 'BINARY' ||
        affinityOf(declared?.declaredType ?? '', true) === 'blob'
      );
    }),
  };
}

/** An INTEGER PRIMARY KEY as a unique index: it is the rowid itself, and no index speaks of it. */
function rowidKey(columns: readonly Column[], indexes: readonly UniqueDetail[]): UniqueDetail | null {
  const [alias, ...others] = columns.filter((column) => column.inPrimaryKey);
  if (alias === undefined || others.length > 0 || foldName(alias.declaredType) !== 'integer') return null;
  if (indexes.some((index) => index.isPrimaryKey)) return null;
  const term = { column: alias.name, expression: null, collation: 'BINARY' };
  return { name: '', isPrimaryKey: true, terms: [term], predicate: null };
}

/** The rule of a unique index that tells the source's keys apart as the source does. */
function keyRule(route: TableRoute): string {
  const terms = route.key.map((column) => ({
    column,
    expression: null,
    collation: keyCollation(route, column),
  }));
  return ruleOf({ name: '', isPrimaryKey: false, terms, predicate: null });
}

/** False for an index over columns that the route does not write, such as a number that the target gives itself. */
function isWritten({ terms }: UniqueDetail, { columns }: TableRoute): boolean {
  return terms.some(({ column }) => column === null || columns.some((written) => sameName(written, column)));
}
