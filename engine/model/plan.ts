/** What setup would do, as an adapter says it, and a table on its way from source to target. */
import { CdcError } from '../errors';
import type { ColumnNames, ColumnTypes } from './pipeline';
import type { ColumnSchema, TableName, TableSchema } from './schema';

/** One statement that setup would run. */
export interface PlanStep {
  readonly on: 'source' | 'target';
  /** Display name of the table that it serves; null for our own objects. */
  readonly table: string | null;
  readonly sql: string;
}

/** The statement that would make a target table, and what its columns would be. */
export interface TablePlan extends PlanStep {
  /** In the order of the route's columns. */
  readonly columns: readonly ColumnSchema[];
}

/** Something that a person should know before it starts; nothing that forbids it. */
export interface PlanNotice {
  readonly table: string | null;
  readonly message: string;
}

/** A table on its way from source to target, resolved against both schemas. */
export interface TableRoute {
  /** Display name of the source table: its identity in the pipeline. */
  readonly id: string;
  readonly source: TableSchema;
  readonly target: TableName;
  /** Replicated columns in order, no generated ones; the key is among them. */
  readonly columns: readonly string[];
  /** The key's columns in order, all of them in `columns`. */
  readonly key: readonly string[];
  /** Replicated columns that have another name on the target; null where none has. */
  readonly rename: ColumnNames | null;
  /** Replicated columns whose type on the target was chosen; null or absent where none was. */
  readonly types?: ColumnTypes | null;
  /** The condition that replicated rows fulfil, in the SQL of the source; null for all rows. */
  readonly where: string | null;
}

/** What a column of the source is called on the target. */
export function targetNameOf({ rename }: Pick<TableRoute, 'rename'>, column: string): string {
  return rename !== null && Object.hasOwn(rename, column) ? (rename[column] ?? column) : column;
}

/** What a column of the target is called on the source. */
export function sourceNameOf(route: TableRoute, column: string): string {
  return route.columns.find((name) => targetNameOf(route, name) === column) ?? column;
}

/** A list of routes stays the same for a round. */
const onTarget = new WeakMap<TableRoute, TableRoute>();

/**
 * A route in the words of the target, which knows its own names only: whatever is asked of a target is asked with it.
 * The same route where no column is renamed.
 */
export function routeOnTarget(route: TableRoute): TableRoute {
  if (route.rename === null) return route;
  const known = onTarget.get(route) ?? renamed(route);
  onTarget.set(route, known);
  return known;
}

function renamed(route: TableRoute): TableRoute {
  const { source, columns, key } = route;
  const nameOf = (name: string): string => targetNameOf(route, name);
  const isRenamed = (name: string | null): boolean => name !== null && nameOf(name) !== name;
  return {
    ...route,
    rename: null,
    columns: columns.map(nameOf),
    key: key.map(nameOf),
    types:
      (route.types ?? null) === null
        ? null
        : Object.fromEntries(Object.entries(route.types ?? {}).map(([name, type]) => [nameOf(name), type])),
    source: {
      ...source,
      // Of the others one may have a name that is another's here.
      columns: source.columns
        .filter(({ name }) => columns.includes(name))
        .map((column) => ({ ...column, name: nameOf(column.name) })),
      key: source.key === null ? null : { ...source.key, columns: source.key.columns.map(nameOf) },
      // A rule is written with the source's names.
      uniqueIndexes: source.uniqueIndexes.map((index) => ({
        ...index,
        columns: index.columns.map((name) => (name === null ? null : nameOf(name))),
        rule:
          index.partial || index.columns.some((name) => name === null || isRenamed(name)) ? '' : index.rule,
      })),
      foreignKeys: source.foreignKeys.map((reference) => ({
        ...reference,
        columns: reference.columns.map(nameOf),
      })),
    },
  };
}

/** Columns in their order, of a source's route. Throws COLUMN_UNKNOWN for one that the table does not have. */
export function columnsOfRoute({ id, columns, source }: TableRoute): readonly ColumnSchema[] {
  return columns.map((name) => {
    const column = source.columns.find((candidate) => candidate.name === name);
    if (column !== undefined) return column;
    throw new CdcError('COLUMN_UNKNOWN', `Table ${id} has no column ${name}`, { table: id, column: name });
  });
}
