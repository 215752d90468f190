/** Introspection: every table of a database with its key, or with why it has none that capture could use. */
import { CdcError } from '../../../errors';
import {
  displayName,
  type ColumnSchema,
  type TableKey,
  type TableName,
  type TableRefusal,
  type TableSchema,
} from '../../../model';
import type { Session } from '../database';
import { readCatalog, type FoundColumn, type FoundIndex, type FoundTable } from './catalog';
import { boundsOf, logicalTypeOf, type NativeType } from './types';

/** A table as capture needs to know it, beyond what the engine is told. */
export interface TableDetail {
  readonly schema: TableSchema;
  readonly oid: string;
  /** Attribute numbers of the key's columns in order; empty without a key. */
  readonly keyNumbers: readonly number[];
  /** Attribute number and base type as the change table has it, by column: `3 numeric(10,2)`. */
  readonly columnTypes: ReadonlyMap<string, string>;
  /** True where statement-level triggers would not see all changes of its rows. */
  readonly rowLevel: boolean;
}

/** A change table has two columns for each one captured, and PostgreSQL takes 1,600 at most. */
const MOST_COLUMNS = 790;

/** By display name, in the order of schemas and names. */
export async function readTables(session: Session): Promise<ReadonlyMap<string, TableDetail>> {
  const found = await readCatalog(session);
  return new Map(found.map(detailOf).map((detail) => [displayName(detail.schema.name), detail]));
}

/** A table that can be captured. Throws TABLE_UNKNOWN, KEY_MISSING, TABLE_UNSUPPORTED. */
export async function requireTable(
  session: Session,
  name: TableName,
): Promise<TableDetail & { readonly key: TableKey }> {
  const table = displayName(name);
  const [found] = await readCatalog(session, { schema: name.schema ?? 'public', name: name.name });
  if (found === undefined) {
    throw new CdcError('TABLE_UNKNOWN', `The source has no table ${table}`, { table });
  }
  const detail = detailOf(found);
  const { key, refusal } = detail.schema;
  if (refusal !== null || key === null) {
    throw new CdcError(
      refusal?.code ?? 'KEY_MISSING',
      `Table ${table}: ${refusal?.reason ?? 'it has no key'}`,
      {
        table,
        ...(refusal === null ? {} : { hint: refusal.remedy }),
      },
    );
  }
  return { ...detail, key };
}

function detailOf(table: FoundTable): TableDetail {
  const chosen = chooseKey(table);
  const refusal = refuseKind(table) ?? (chosen === null ? refuseKey(table) : null);
  const key = refusal === null ? chosen : null;
  const name = (number: number): string | null =>
    table.columns.find((column) => column.number === number)?.name ?? null;
  const names = (numbers: readonly number[]): readonly string[] =>
    numbers.flatMap((number) => name(number) ?? []);
  return {
    oid: table.oid,
    keyNumbers: key?.columns ?? [],
    columnTypes: new Map(table.columns.map((column) => [column.name, `${column.number} ${column.baseType}`])),
    rowLevel: table.kind === 'p' || table.isChild,
    schema: {
      name: { schema: table.schema, name: table.name },
      columns: table.columns.map(columnOf),
      key:
        key === null
          ? null
          : { columns: names(key.columns), from: key.primary ? 'primary key' : 'unique index' },
      refusal,
      uniqueIndexes: table.indexes
        .filter((index) => index !== key)
        .map((index) => ({
          name: index.name,
          columns: index.columns.map(name),
          collations: index.collations,
          partial: index.partial,
          rule: index.rule,
        })),
      foreignKeys: table.foreignKeys.map((foreign) => ({
        columns: names(foreign.columns),
        references: { schema: foreign.schema, name: foreign.table },
      })),
      // What nested triggers wrote is known by its change rows, key by key; no table is read again as a whole.
      reread: false,
      options: table.kind === 'p' ? ['PARTITIONED'] : [],
    },
  };
}

function columnOf(column: FoundColumn): ColumnSchema {
  const native: NativeType = {
    name: column.typeName,
    builtIn: column.builtIn,
    isArray: column.isArray,
    modifier: column.modifier,
    members: column.members,
    declared: column.declared,
  };
  const bounds = boundsOf(native);
  return {
    name: column.name,
    declaredType: column.declared,
    ...(column.baseType === column.declared ? {} : { baseType: column.baseType }),
    ...(column.parts === null ? {} : { parts: column.parts }),
    type: logicalTypeOf(native),
    ...(bounds === null ? {} : { bounds }),
    nullable: column.nullable,
    generated: column.generated === '' ? 'no' : column.generated === 's' ? 'stored' : 'virtual',
    collation: column.collation,
    defaultSql: column.defaultSql,
  };
}

/** The primary key, else the unique index of the fewest columns: the catalog has them in this order. */
function chooseKey(table: FoundTable): FoundIndex | null {
  return table.indexes.find((index) => isKey(table, index) && index.immediate) ?? null;
}

/** True for an index that tells rows apart, deferrable or not. */
function isKey({ columns }: FoundTable, index: FoundIndex): boolean {
  if (index.partial) return false;
  return index.columns.every((number) => {
    const column = columns.find((candidate) => candidate.number === number);
    return column !== undefined && !column.nullable && column.generated === '';
  });
}

function refuseKey(table: FoundTable): TableRefusal {
  if (table.indexes.some((index) => isKey(table, index) && !index.immediate)) {
    return {
      code: 'TABLE_UNSUPPORTED',
      reason: 'its key is deferrable, so that two rows can have one key for a while',
      remedy: 'Make the constraint NOT DEFERRABLE, or add a unique index over columns that are NOT NULL.',
    };
  }
  return {
    code: 'KEY_MISSING',
    reason: 'it has neither a primary key nor a unique index over columns that are all NOT NULL',
    remedy: 'Give it a primary key, or a unique index over columns that are NOT NULL.',
  };
}

function refuseKind({ kind, persistence, hasChildren, columns }: FoundTable): TableRefusal | null {
  const refuse = (reason: string, remedy: string): TableRefusal => ({
    code: 'TABLE_UNSUPPORTED',
    reason,
    remedy,
  });
  if (kind === 'v' || kind === 'm') {
    return refuse(
      'it is a view, whose rows change without any trigger on it',
      'Replicate the tables that the view reads, and create the view on the target.',
    );
  }
  if (kind === 'f') {
    return refuse(
      'it is a foreign table, whose rows change on another server',
      'Replicate it from the server that holds its rows.',
    );
  }
  if (persistence === 'u') {
    return refuse(
      'it is unlogged: after a crash it is empty, without any change that would say so',
      'Make it permanent: ALTER TABLE … SET LOGGED.',
    );
  }
  if (hasChildren) {
    return refuse(
      'other tables inherit from it, and their rows are seen in it without being changed through it',
      'Replicate the tables that inherit, or make it a partitioned table.',
    );
  }
  if (columns.filter((column) => column.generated === '').length > MOST_COLUMNS) {
    return refuse(
      `it has more than ${MOST_COLUMNS} columns, too many for a change table with old and new values`,
      'Split the table.',
    );
  }
  return null;
}
