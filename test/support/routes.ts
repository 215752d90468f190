/** Routes as the engine would make them, for tests of one adapter. */
import { displayName, type TableRoute, type TableSchema } from '../../engine';

/** A route of all columns that are not generated, or of those named, to a table of the same or another name. */
export function routeOf(
  source: TableSchema,
  options: { to?: string; columns?: readonly string[] } = {},
): TableRoute {
  if (source.key === null)
    throw new Error(`${displayName(source.name)} has no key: ${source.refusal?.reason ?? ''}`);
  const ordinary = source.columns.filter((column) => column.generated === 'no').map((column) => column.name);
  return {
    id: displayName(source.name),
    source,
    target: { schema: source.name.schema, name: options.to ?? source.name.name },
    columns: options.columns ?? ordinary,
    key: source.key.columns,
    rename: null,
    where: null,
  };
}
