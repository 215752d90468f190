/**
 * Defaults of tables that are made here. Every row that is applied has all its columns, so a default serves those only
 * who write here themselves; one that may need what only the source has is left out, and that is said.
 */
import { displayName, type ColumnSchema, type PlanNotice, type TableRoute } from '../../../model';

/** Literals, and the time: what both servers understand alike. */
const PORTABLE =
  /^(NULL|TRUE|FALSE|[-+]?[\d.]+(e[-+]?\d+)?|b'[01]*'|(_\w+)?'([^'\\]|''|\\.)*'|x'[\da-f]*'|0x[\da-f]+|(CURRENT_TIMESTAMP|NOW)(\(\d?\))?)$/is;

/** The default that a column gets here; null for none. */
export function keptDefault({ defaultSql }: ColumnSchema): string | null {
  return defaultSql !== null && PORTABLE.test(defaultSql) ? defaultSql : null;
}

/** What a person should know of the defaults that a table to be made goes without. */
export function defaultNotices(route: TableRoute, sameFamily: boolean): readonly PlanNotice[] {
  const lost = route.source.columns.filter(
    (column) =>
      route.columns.includes(column.name) &&
      column.defaultSql !== null &&
      (!sameFamily || keptDefault(column) === null),
  );
  if (lost.length === 0) return [];
  const names = lost.map(({ name }) => name).join(', ');
  return [
    {
      table: route.id,
      message: `Target table ${displayName(route.target)} is made without the default of ${names}: it may need what only the source has. Replicated rows bring their values along`,
    },
  ];
}
