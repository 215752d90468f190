/** Introspection: every table of a database with its key, or with why it has none that capture could use. */
import { CdcError } from '../../../errors';
import type { ColumnSchema, TableKey, TableName, TableRefusal, TableSchema } from '../../../model';
import type { Session } from '../database';
import { comparesBytes } from './collations';
import { readCatalog, type FoundColumn, type FoundIndex, type FoundTable } from './catalog';
import { boundsOf, logicalTypeOf, onServer, type NativeType } from './types';

/** A table as capture and apply need to know it, beyond what the engine is told. */
export interface TableDetail {
  readonly schema: TableSchema;
  readonly found: FoundTable;
}

/** A change table has two columns for each one captured, and InnoDB takes 1,017 at most. */
const MOST_COLUMNS = 500;

/** By name, in the order of names. */
export async function readTables(session: Session): Promise<ReadonlyMap<string, TableDetail>> {
  const found = await readCatalog(session);
  return new Map(found.map((table) => [table.name, detailOf(table, session)]));
}

/** One table; null when there is none of this name. */
export async function readTable(session: Session, name: string): Promise<TableDetail | null> {
  const [found] = await readCatalog(session, name);
  return found === undefined ? null : detailOf(found, session);
}

/** A table that can be captured. Throws TABLE_UNKNOWN, KEY_MISSING, TABLE_UNSUPPORTED. */
export async function requireTable(
  session: Session,
  { name }: TableName,
): Promise<TableDetail & { readonly key: TableKey }> {
  const detail = await readTable(session, name);
  if (detail === null) {
    throw new CdcError('TABLE_UNKNOWN', `Database ${session.database} has no table ${name}`, { table: name });
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

function detailOf(table: FoundTable, session: Session): TableDetail {
  const chosen = table.uniqueIndexes.find((index) => isKey(table, index)) ?? null;
  const refusal = refuseKind(table) ?? (chosen === null ? KEYLESS : refuseKey(table, chosen));
  const key = refusal === null ? chosen : null;
  return {
    found: table,
    schema: {
      name: { schema: null, name: table.name },
      columns: table.columns.map(columnOf),
      key:
        key === null
          ? null
          : {
              columns: key.columns.flatMap((name) => name ?? []),
              from: key.primary ? 'primary key' : 'unique index',
            },
      refusal,
      uniqueIndexes: table.uniqueIndexes
        .filter((index) => index !== key)
        .map((index) => ({
          name: index.name,
          columns: index.columns,
          collations: index.columns.map(
            (name) => table.columns.find((column) => column.name === name)?.collation ?? null,
          ),
          partial: false,
          rule: index.rule,
        })),
      foreignKeys: table.foreignKeys.map((foreign) => ({
        columns: foreign.columns,
        references: {
          schema: foreign.schema === session.database ? null : foreign.schema,
          name: foreign.table,
        },
      })),
      // No trigger can write the table of the statement that fired it, so what is logged of a row is in its order.
      reread: false,
      options: table.isPartitioned ? ['PARTITIONED'] : [],
    },
  };
}

function columnOf(column: FoundColumn): ColumnSchema {
  const native: NativeType = {
    name: column.native,
    declared: column.declared,
    length: column.length,
    precision: column.precision,
    scale: column.scale,
    isJson: column.isJson,
  };
  return {
    name: column.name,
    declaredType: column.declared,
    type: logicalTypeOf(native),
    bounds: onServer(boundsOf(native, column.charset), column),
    nullable: column.nullable,
    generated: column.generated,
    collation: column.collation,
    comparesBytes: comparesBytes(column.collation),
    ...(column.autoIncrement ? { counting: true } : {}),
    defaultSql: column.defaultSql,
  };
}

/** True for an index over whole columns none of which can be NULL or is computed. */
function isKey({ columns }: FoundTable, index: FoundIndex): boolean {
  return index.columns.every((name) => {
    const column = columns.find((candidate) => candidate.name === name);
    return column !== undefined && !column.nullable && column.generated === 'no';
  });
}

const KEYLESS: TableRefusal = {
  code: 'KEY_MISSING',
  reason: 'it has neither a primary key nor a unique index over whole columns that are all NOT NULL',
  remedy: 'Give it a primary key, or a unique index over columns that are NOT NULL.',
};

function refuseKey(table: FoundTable, key: FoundIndex): TableRefusal | null {
  const float = table.columns.find(({ name, native }) => native === 'float' && key.columns.includes(name));
  if (float === undefined) return null;
  return {
    code: 'TABLE_UNSUPPORTED',
    reason: `its key has the column ${float.name}, a FLOAT, which the server compares with none of the numbers that it shows`,
    remedy: 'Make it a DOUBLE or a DECIMAL, or add a unique index over other columns.',
  };
}

function refuseKind({ name, kind, engine, columns }: FoundTable): TableRefusal | null {
  const refuse = (reason: string, remedy: string): TableRefusal => ({
    code: 'TABLE_UNSUPPORTED',
    reason,
    remedy,
  });
  if (kind === 'VIEW') {
    return refuse(
      'it is a view, whose rows change without any trigger on it',
      'Replicate the tables that the view reads, and create the view on the target.',
    );
  }
  if (engine?.toUpperCase() !== 'INNODB') {
    return refuse(
      `it is of the engine ${engine ?? 'of a server plugin'}, which has no transactions: a change that failed would still be logged`,
      `Move it to InnoDB: ALTER TABLE ${name} ENGINE = InnoDB.`,
    );
  }
  if (columns.filter((column) => column.generated === 'no').length > MOST_COLUMNS) {
    return refuse(
      `it has more than ${MOST_COLUMNS} columns, too many for a change table with old and new values`,
      'Split the table.',
    );
  }
  return null;
}
