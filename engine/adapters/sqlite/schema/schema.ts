/** Introspection: every table of a database with its key or with why it has none that capture could use. */
import { CdcError } from '../../../errors';
import type { ColumnSchema, ForeignKey, TableKey, TableRefusal, TableSchema } from '../../../model';
import { capturedKeys } from '../capture/registry';
import { readSchemaToken } from '../capture/captured';
import { isOwnCollation } from './collations';
import { readColumns, type ColumnDetail } from './columns';
import { findReturning } from './effects';
import { readForeignKeys } from './foreign-keys';
import { foldName, sameName } from '../database/identifiers';
import { columnType } from './types';
import { readUniques, ruleOf, type UniqueDetail } from './indexes';
import { isOwnName } from '../database/objects';
import { sessionState, type Session } from '../database/session';
import { flagOf, textOf } from '../database/values';

/** A table as capture needs to know it, beyond what the engine is told. */
export interface TableDetail {
  readonly schema: TableSchema;
  readonly uniques: readonly UniqueDetail[];
  /** Name of the unique index that is the key's; null for an INTEGER PRIMARY KEY. */
  readonly keyIndex: string | null;
  /** A name of the rowid where it is unique beside the key and an application can write it, else null. */
  readonly hiddenRowid: string | null;
  /** True when deleting a row can delete or write others of this table by a cascade. */
  readonly cascading: boolean;
}

/** A change table has two columns for each one captured, and SQLite takes 2,000 columns at most. */
const MOST_COLUMNS = 990;

interface SchemaCache {
  token: string;
  details: ReadonlyMap<string, TableDetail>;
}

const cacheOf = sessionState<SchemaCache>(() => ({ token: '', details: new Map() }));

/** All tables by name: ours, SQLite's own and those inside of virtual tables left out. Read again when it changed. */
export function tableDetails(session: Session): ReadonlyMap<string, TableDetail> {
  const token = readSchemaToken(session, 'main');
  const cache = cacheOf(session);
  if (cache.token !== token) {
    cache.details = readDetails(session);
    cache.token = token;
  }
  return cache.details;
}

/** Has the schema read again. */
export function forgetTables(session: Session): void {
  cacheOf(session).token = '';
}

/** The tables as the engine sees them, in the order of their names. */
export function readTables(session: Session): readonly TableSchema[] {
  return [...tableDetails(session).values()].map((detail) => detail.schema);
}

/** A table that can be captured. Throws TABLE_UNKNOWN, KEY_MISSING, TABLE_UNSUPPORTED. */
export function requireTable(session: Session, name: string): TableDetail & { readonly key: TableKey } {
  const detail = tableDetails(session).get(name);
  if (detail === undefined) {
    throw new CdcError('TABLE_UNKNOWN', `The source has no table ${name}`, { table: name });
  }
  const { key, refusal } = detail.schema;
  if (refusal !== null || key === null) {
    throw new CdcError(
      refusal?.code ?? 'KEY_MISSING',
      `Table ${name}: ${refusal?.reason ?? 'it has no key'}`,
      {
        table: name,
        ...(refusal === null ? {} : { hint: refusal.remedy }),
      },
    );
  }
  return { ...detail, key };
}

function readDetails(session: Session): ReadonlyMap<string, TableDetail> {
  const keys = capturedKeys(session);
  const details = session
    .all(
      `SELECT s.name, s.type, coalesce(s.sql, ''), l.type = 'virtual', l.wr, l.strict
FROM main.sqlite_schema AS s LEFT JOIN pragma_table_list AS l ON l.schema = 'main' AND l.name = s.name
WHERE s.type IN ('table', 'view') AND s.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND coalesce(l.type, '') <> 'shadow'
ORDER BY s.name`,
    )
    .map(([name, type, sql, virtual, withoutRowid, strict]): FoundTable => ({
      name: textOf(name),
      sql: textOf(sql),
      kind: textOf(type) === 'view' ? 'view' : virtual === 1n ? 'virtual' : 'table',
      withoutRowid: withoutRowid !== null && flagOf(withoutRowid),
      strict: strict !== null && flagOf(strict),
    }))
    .filter(({ name }) => !isOwnName(name))
    .map((table) => readDetail(session, table, keys.get(table.name) ?? null));
  const returning = findReturning(
    session,
    details.map((detail) => detail.schema.name.name),
  );
  return new Map(
    details.map((detail): [string, TableDetail] => {
      const { name } = detail.schema.name;
      const schema = { ...detail.schema, reread: returning.reread.has(foldName(name)) };
      return [name, { ...detail, schema, cascading: returning.cascading.has(foldName(name)) }];
    }),
  );
}

/** A rowid is an integer, whatever the table. */
const ROWID = { nullable: false, ...columnType('INTEGER', true) };

interface FoundTable {
  readonly name: string;
  readonly sql: string;
  readonly kind: 'table' | 'view' | 'virtual';
  readonly withoutRowid: boolean;
  readonly strict: boolean;
}

function readDetail(session: Session, table: FoundTable, capturedKey: readonly string[] | null): TableDetail {
  const name = { schema: null, name: table.name };
  if (table.kind !== 'table') {
    const refusal = table.kind === 'view' ? VIEW : VIRTUAL;
    const none = { columns: [], key: null, uniqueIndexes: [], foreignKeys: [], reread: false, options: [] };
    return {
      schema: { name, ...none, refusal },
      uniques: [],
      keyIndex: null,
      hiddenRowid: null,
      cascading: false,
    };
  }
  const uniques = readUniques(session, table.name);
  const columns = readColumns(session, table.name, table.sql, table.strict);
  const alias = rowidAlias(table, columns, uniques);
  const found =
    alias === null ? chooseKey(columns, uniques, capturedKey) : { columns: [alias.name], index: null };
  const refusal = refuse(columns, found);
  const keyIndex = found?.index ?? null;
  const schema: TableSchema = {
    name,
    columns: columns.map(({ primaryKey: _, ...column }) =>
      column.name === alias?.name ? { ...column, ...ROWID } : column,
    ),
    key:
      found === null || refusal !== null
        ? null
        : { columns: found.columns, from: keyIndex?.isPrimaryKey === false ? 'unique index' : 'primary key' },
    refusal,
    uniqueIndexes: uniques
      .filter((unique) => unique !== keyIndex)
      .map((unique) => ({
        name: unique.name,
        columns: unique.terms.map((term) => term.column),
        collations: unique.terms.map((term) => (term.collation === 'BINARY' ? null : term.collation)),
        partial: unique.predicate !== null,
        rule: ruleOf(unique),
      })),
    foreignKeys: foreignKeysOf(session, table.name),
    reread: false,
    options: [...(table.withoutRowid ? ['WITHOUT ROWID'] : []), ...(table.strict ? ['STRICT'] : [])],
  };
  const hiddenRowid = table.withoutRowid || alias !== null ? null : freeRowidName(columns);
  return { schema, uniques, keyIndex: keyIndex?.name ?? null, hiddenRowid, cascading: false };
}

/**
 * The column that is the rowid itself: a PRIMARY KEY of one column declared INTEGER. SQLite makes an index instead
 * where it is not (`INTEGER PRIMARY KEY DESC`, by an old mistake that is kept).
 */
function rowidAlias(
  table: FoundTable,
  columns: readonly ColumnDetail[],
  uniques: readonly UniqueDetail[],
): ColumnSchema | null {
  const [column, ...others] = columns.filter((candidate) => candidate.primaryKey > 0);
  if (table.withoutRowid || column === undefined || others.length > 0) return null;
  if (uniques.some((unique) => unique.isPrimaryKey)) return null;
  return column.declaredType.toUpperCase() === 'INTEGER' ? column : null;
}

function freeRowidName(columns: readonly ColumnSchema[]): string | null {
  return (
    ['rowid', '_rowid_', 'oid'].find((name) => columns.every((column) => !sameName(column.name, name))) ??
    null
  );
}

interface FoundKey {
  readonly columns: readonly string[];
  readonly index: UniqueDetail | null;
}

/** The key that is captured already, else the primary key, else the unique index of the fewest columns. */
function chooseKey(
  columns: readonly ColumnDetail[],
  uniques: readonly UniqueDetail[],
  capturedKey: readonly string[] | null,
): FoundKey | null {
  const usable = uniques.flatMap((index): FoundKey[] => {
    const names = keyColumns(columns, index);
    return names === null ? [] : [{ columns: names, index }];
  });
  const captured = usable.find((key) => JSON.stringify(key.columns) === JSON.stringify(capturedKey));
  if (captured !== undefined) return captured;
  const rank = ({ columns: names, index }: FoundKey): number =>
    index?.isPrimaryKey === true ? 0 : names.length;
  return usable.toSorted((one, other) => rank(one) - rank(other))[0] ?? null;
}

/** The columns of an index that can serve as a key; null when it cannot. */
function keyColumns(columns: readonly ColumnDetail[], index: UniqueDetail): readonly string[] | null {
  if (index.predicate !== null) return null;
  const names: string[] = [];
  for (const term of index.terms) {
    const column = columns.find((candidate) => candidate.name === term.column);
    if (column === undefined || column.nullable || column.generated !== 'no') return null;
    // Where index and column collate differently, rows that the one tells apart are equal to the other.
    if ((column.collation ?? 'BINARY') !== term.collation) return null;
    names.push(column.name);
  }
  return names;
}

const VIEW: TableRefusal = {
  code: 'TABLE_UNSUPPORTED',
  reason: 'it is a view, whose rows change without any trigger on it',
  remedy: 'Replicate the tables that the view reads, and create the view on the target.',
};

const VIRTUAL: TableRefusal = {
  code: 'TABLE_UNSUPPORTED',
  reason: 'it is a virtual table, on which SQLite allows no triggers',
  remedy: 'Replicate the table that it is filled from, or leave it out.',
};

function refuse(columns: readonly ColumnDetail[], key: FoundKey | null): TableRefusal | null {
  if (key === null) return refuseKey(columns);
  // What an application registers exists on its connections only.
  const foreign = columns.find(
    (column) =>
      key.columns.includes(column.name) && column.collation !== null && !isOwnCollation(column.collation),
  );
  if (foreign !== undefined) {
    return {
      code: 'TABLE_UNSUPPORTED',
      reason: `its key column ${foreign.name} has a collation that only the application knows (${foreign.collation ?? ''})`,
      remedy: 'Give the key one of the collations that SQLite has itself: BINARY, NOCASE or RTRIM.',
    };
  }
  if (columns.filter((column) => column.generated === 'no').length > MOST_COLUMNS) {
    return {
      code: 'TABLE_UNSUPPORTED',
      reason: `it has more than ${MOST_COLUMNS} columns, too many for a change table with old and new values`,
      remedy: 'Split the table.',
    };
  }
  return null;
}

function refuseKey(columns: readonly ColumnDetail[]): TableRefusal {
  const key = columns.filter((column) => column.primaryKey > 0);
  const nullable = key.filter((column) => column.nullable).map((column) => column.name);
  if (key.length === 0) {
    return {
      code: 'KEY_MISSING',
      reason: 'its rows are known by their rowid alone, which can change without notice (VACUUM)',
      remedy: 'Give it an INTEGER PRIMARY KEY, or a UNIQUE index over columns that are NOT NULL.',
    };
  }
  if (nullable.length > 0) {
    return {
      code: 'KEY_MISSING',
      reason: `its PRIMARY KEY takes NULL, even more than once, in ${nullable.join(', ')}`,
      remedy: `Declare ${nullable.join(', ')} NOT NULL, or make the table WITHOUT ROWID.`,
    };
  }
  return {
    code: 'KEY_MISSING',
    reason: 'its PRIMARY KEY collates otherwise than its columns',
    remedy: 'Give the PRIMARY KEY the collations of its columns.',
  };
}

function foreignKeysOf(session: Session, table: string): readonly ForeignKey[] {
  return readForeignKeys(session, table).map(({ columns, parent }) => ({
    columns,
    references: { schema: null, name: parent },
  }));
}
