/** Rows that a column marks as deleted: for replication they are not there. */
import { CdcError } from '../../errors';
import { displayName, filterSql } from '../../model';
import type { KeysetReader, Source, TableName, TableRoute, TableSchema } from '../../model';

export interface Present {
  /** With the condition that leaves marked rows out. Throws SOURCE_SCHEMA_CHANGED where there is no such column. */
  route(route: TableRoute): TableRoute;
  /** The same for a request that names a table and may have a condition. */
  request<T extends { readonly table: TableName; readonly where?: string | null }>(request: T): Promise<T>;
}

/** `deleted`: the column; null where none marks rows. */
export function createPresent(source: Source, reader: KeysetReader, deleted: string | null): Present {
  const known = new Map<string, string>();
  const conditionOf = ({ name, columns }: TableSchema): string => {
    const table = displayName(name);
    const column = columns.find((entry) => entry.name === deleted);
    if (column === undefined) {
      throw new CdcError(
        'SOURCE_SCHEMA_CHANGED',
        `Table ${table} has no column ${deleted ?? ''} that marks rows as deleted (any more)`,
        {
          hint: 'Add the column again, then run `cdc resume NAME --table T`: the table is copied again.',
          table,
          ...(deleted === null ? {} : { column: deleted }),
        },
      );
    }
    const condition = reader.presentSql(column);
    known.set(table, condition);
    return condition;
  };
  /** Of a table as it was read last; a scan asks for a table page by page. */
  const conditionFor = async (name: TableName): Promise<string | null> => {
    const table = displayName(name);
    const before = known.get(table);
    if (before !== undefined) return before;
    const schema = (await source.tables()).find((entry) => displayName(entry.name) === table);
    // A table that is gone says so itself.
    return schema === undefined ? null : conditionOf(schema);
  };
  return {
    route(route) {
      if (deleted === null) return route;
      return { ...route, where: joined(route.where, conditionOf(route.source)) };
    },
    async request(request) {
      if (deleted === null) return request;
      const condition = await conditionFor(request.table);
      return condition === null ? request : { ...request, where: joined(request.where, condition) };
    },
  };
}

function joined(where: string | null | undefined, condition: string): string {
  return where === null || where === undefined
    ? condition
    : `${filterSql(where)} AND ${filterSql(condition)}`;
}
