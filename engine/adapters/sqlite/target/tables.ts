/** Target tables: the statement that makes one for a route, and what to know of one that exists. */
import {
  chosenTypeNotices,
  columnsOfRoute,
  displayName,
  type ColumnSchema,
  type LogicalType,
  type PlanNotice,
  type TablePlan,
  type TableRoute,
  type TableSchema,
} from '../../../model';
import { isOwnCollation } from '../schema/collations';
import { FAMILY } from '../database/family';
import { quote, quoteAll, sameName } from '../database/identifiers';
import { affinityOf, type Affinity } from '../schema/affinity';
import { columnType } from '../schema/types';
import { writtenType } from '../schema/declared-type';

/**
 * `CREATE TABLE` for a route: the source's declared types as they are, its key, NOT NULL and collations, and defaults
 * that are literals.
 *
 * Generated columns are left out: a route does not carry their values, and their expression can name columns that
 * are not replicated. Further unique indexes and foreign keys are left out, too: the source has checked them.
 */
export function createTableSql(route: TableRoute, sourceFamily: string): Pick<TablePlan, 'sql' | 'columns'> {
  const sameFamily = sourceFamily === FAMILY;
  const { key, options } = route.source;
  const columns = columnsOfRoute(route).map((column) => {
    const declared =
      route.types?.[column.name]?.type ?? (sameFamily ? column.declaredType : declaredTypeFor(column.type));
    return { column, declared };
  });
  // A unique index as key stays one, so that the table's own primary key can be made later.
  const constraint = key?.from === 'unique index' ? 'UNIQUE' : 'PRIMARY KEY';
  const lines = [
    ...columns.map(({ column, declared }) => columnSql(column, declared, sameFamily)),
    `${constraint} (${quoteAll(route.key)})`,
  ];
  const kept = sameFamily && options.length > 0 ? ` ${options.join(', ')}` : '';
  return {
    sql: `CREATE TABLE ${quote(route.target.name)} (\n  ${lines.join(',\n  ')}\n)${kept}`,
    columns: columns.map(({ column, declared }) => ({
      ...column,
      declaredType: declared,
      ...columnType(declared, sameFamily && isStrict(options)),
    })),
  };
}

function columnSql(column: ColumnSchema, declared: string, sameFamily: boolean): string {
  const parts = [quote(column.name), sameFamily ? writtenType(declared) : declared];
  if (!column.nullable) parts.push('NOT NULL');
  if (sameFamily && column.defaultSql !== null && isLiteral(column.defaultSql)) {
    parts.push(`DEFAULT ${column.defaultSql}`);
  }
  // A collation that only the application has loaded cannot be named here; the source refuses it in a key.
  if (sameFamily && column.collation !== null && isOwnCollation(column.collation)) {
    parts.push(`COLLATE ${quote(column.collation)}`);
  }
  return parts.filter((part) => part !== '').join(' ');
}

function isStrict(options: readonly string[]): boolean {
  return options.some((option) => /^strict$/i.test(option));
}

/** Every row that is applied has all its columns, so a default is a comfort only: expressions are left out. */
function isLiteral(sql: string): boolean {
  return /^(null|true|false|[-+]?\d+(\.\d+)?(e[-+]?\d+)?|x?'([^']|'')*')$/i.test(sql);
}

/** A declared type whose affinity keeps every value of a logical type as it travels. */
export function declaredTypeFor(type: LogicalType): string {
  switch (type.kind) {
    case 'bool':
      return 'BOOLEAN';
    case 'int':
      // Above 2^63 only text holds it.
      return type.bits === 64 && !type.signed ? 'TEXT' : 'INTEGER';
    case 'float':
      return 'REAL';
    case 'bytes':
      return 'BLOB';
    // NUMERIC would store 0.99 as floating point.
    case 'decimal':
    case 'text':
    case 'date':
    case 'time':
    case 'timestamp':
    case 'interval':
    case 'json':
    case 'uuid':
    case 'enum':
    case 'array':
    case 'other':
      return 'TEXT';
    case 'dynamic':
      return '';
  }
}

/**
 * Columns whose values the target's type would convert: their affinities differ and the target's converts. INTEGER and
 * NUMERIC store alike.
 */
export function convertingColumns(
  route: TableRoute,
  target: { readonly columns: readonly ColumnSchema[]; readonly options: readonly string[] },
): readonly string[] {
  return route.columns.filter((name) => {
    const from = route.source.columns.find((column) => column.name === name);
    const to = target.columns.find((column) => sameName(column.name, name));
    if (from === undefined || to === undefined) return false;
    const stored = (affinity: Affinity): Affinity => (affinity === 'integer' ? 'numeric' : affinity);
    // What another kind of database calls its types means nothing here.
    const wanted = stored(
      from.type.kind === 'dynamic'
        ? affinityOf(from.declaredType, isStrict(route.source.options))
        : affinityOf(declaredTypeFor(from.type), false),
    );
    const found = stored(affinityOf(to.declaredType, isStrict(target.options)));
    return found !== 'blob' && found !== wanted;
  });
}

/** Of types that were chosen for a table that is there, and would convert otherwise. */
export function typeNotices(
  route: TableRoute,
  { columns, options }: Pick<TableSchema, 'columns' | 'options'>,
): readonly PlanNotice[] {
  return chosenTypeNotices(route, columns, {
    describe: (declared) => columnType(declared, isStrict(options)),
    // A column of SQLite keeps its type.
    alter: () => null,
  });
}

/** What a message calls the target of a route. */
export function targetName(route: TableRoute): string {
  return displayName(route.target);
}
