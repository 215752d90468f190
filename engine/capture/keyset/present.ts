/** Rows that a column marks as deleted: for replication they are not there. */
import { CdcError } from '../../errors';
import { displayName, filterSql } from '../../model';
import type { KeysetReader, Source, TableName, TableRoute } from '../../model';

export interface Present {
  /** With the condition that leaves marked rows out. */
  route(route: TableRoute): Promise<TableRoute>;
  /** The same for a request that names a table and may have a condition. */
  request<T extends { readonly table: TableName; readonly where?: string | null }>(request: T): Promise<T>;
}

/** `deleted`: the column; null where none marks rows. */
export function createPresent(source: Source, reader: KeysetReader, deleted: string | null): Present {
  const known = new Map<string, string>();
  const conditionFor = async (name: TableName): Promise<string> => {
    const table = displayName(name);
    const before = known.get(table);
    if (before !== undefined) return before;
    const schema = (await source.tables()).find((entry) => displayName(entry.name) === table);
    const column = schema?.columns.find((entry) => entry.name === deleted);
    if (column === undefined) {
      throw new CdcError(
        'COLUMN_UNKNOWN',
        `Table ${table} has no column ${deleted ?? ''} that marks rows as deleted`,
        {
          hint: 'Leave the table to a pipeline without `deleted`, or give it the column.',
          table,
          ...(deleted === null ? {} : { column: deleted }),
        },
      );
    }
    const condition = reader.presentSql(column);
    known.set(table, condition);
    return condition;
  };
  const joined = async (name: TableName, where: string | null | undefined): Promise<string> => {
    const condition = await conditionFor(name);
    return where === null || where === undefined
      ? condition
      : `${filterSql(where)} AND ${filterSql(condition)}`;
  };
  return {
    async route(route) {
      if (deleted === null) return route;
      return { ...route, where: await joined(route.source.name, route.where) };
    },
    async request(request) {
      if (deleted === null) return request;
      return { ...request, where: await joined(request.table, request.where) };
    },
  };
}
