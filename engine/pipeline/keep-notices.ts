/** What a person should know before rows that are deleted on the source are kept on the target (`onDelete: keep`). */
import { findNamed } from '../capture';
import { displayName } from '../model';
import type { PipelineSettings, PlanNotice, TableRoute, TableSchema } from '../model';

/** `targets`: the tables that the target has; those that are still to be made have no unique index besides the key. */
export function keepNotices(
  { onDelete, onError }: PipelineSettings,
  routes: readonly TableRoute[],
  targets: readonly TableSchema[],
): readonly PlanNotice[] {
  if (onDelete !== 'keep') return [];
  const refused = onError.action === 'park' ? 'parks its table' : 'becomes a dead letter';
  return [
    {
      table: null,
      message:
        'Rows that are deleted on the source stay on the target (onDelete: keep). A copy deletes none either, with ' +
        '`existing: replace` and by `cdc resync`',
    },
    ...routes.flatMap((route): PlanNotice[] => {
      const table = findNamed(targets, ({ name }) => displayName(name), displayName(route.target));
      if (table === undefined) return [];
      const name = displayName(table.name);
      const indexes = furtherUnique(route, table);
      const parents = [...new Set(table.foreignKeys.map(({ references }) => displayName(references)))];
      return [
        ...(indexes.length === 0
          ? []
          : [
              `A row that is kept in ${name} keeps its unique values, too. A later row that needs one of them is refused, and ${refused}: ${indexes.join(', ')}`,
            ]),
        ...(parents.length === 0
          ? []
          : [
              `Rows that are kept in ${name} go on referring to ${parents.join(', ')}. Where the target enforces its foreign keys while we write, a change there that would leave them without their row is refused, and ${refused}`,
            ]),
      ].map((message) => ({ table: route.id, message }));
    }),
  ];
}

/** Names of what else than the key can refuse a row because of another one. */
function furtherUnique({ columns, key }: TableRoute, table: TableSchema): readonly string[] {
  const written = new Set(columns.map(fold));
  const keyColumns = sorted(key);
  const counts = (names: readonly (string | null)[]): boolean =>
    sorted(names) !== keyColumns && names.some((name) => name === null || written.has(fold(name)));
  const own = table.key?.from === 'primary key' && counts(table.key.columns) ? ['its primary key'] : [];
  return [
    ...own,
    ...table.uniqueIndexes.filter(({ columns: names }) => counts(names)).map(({ name }) => name),
  ];
}

function fold(name: string): string {
  return name.toLowerCase();
}

function sorted(names: readonly (string | null)[]): string {
  return JSON.stringify(names.map((name) => (name === null ? null : fold(name))).sort());
}
