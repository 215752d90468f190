/** Looks whether a target table that exists can take a route's rows. */
import { CdcError } from '../errors';
import { displayName } from '../model';
import type { TableRoute, TableSchema } from '../model';

/** Throws TARGET_TABLE_MISMATCH, naming all columns that are missing or in the way. */
export function checkTargetTable(route: TableRoute, target: TableSchema, sameFamily: boolean): void {
  const name = displayName(route.target);
  const byName = new Map(target.columns.map((column) => [column.name.toLowerCase(), column]));
  const refuse = (what: string, hint: string, column?: string): never => {
    throw new CdcError('TARGET_TABLE_MISMATCH', `Target table ${name} ${what}`, {
      hint,
      table: route.id,
      ...(column === undefined ? {} : { column }),
    });
  };

  const missing = route.columns.filter((column) => !byName.has(column.toLowerCase()));
  if (missing.length > 0) {
    refuse(
      `lacks the column${missing.length > 1 ? 's' : ''} ${missing.join(', ')}`,
      'Add them to the target table, or name the columns to replicate with `columns`.',
      missing[0],
    );
  }
  const generated = route.columns.find((column) => byName.get(column.toLowerCase())?.generated !== 'no');
  if (generated !== undefined) {
    refuse(
      `computes the column ${generated} itself`,
      'Make it an ordinary column, or leave it out with `columns`.',
      generated,
    );
  }
  const replicated = new Set(route.columns.map((column) => column.toLowerCase()));
  const demanding = target.columns.find(
    (column) =>
      column.generated === 'no' &&
      !column.nullable &&
      column.defaultSql === null &&
      !replicated.has(column.name.toLowerCase()),
  );
  if (demanding !== undefined) {
    refuse(
      `demands a value for ${demanding.name}, which the source does not have`,
      'Give it a default.',
      demanding.name,
    );
  }
  if (!hasKey(route.key, target)) {
    refuse(
      `has no unique key over (${route.key.join(', ')})`,
      `Make (${route.key.join(', ')}) its primary key, or drop it so that it is created.`,
    );
  }
  if (sameFamily) checkCollations(route, target, refuse);
}

function hasKey(key: readonly string[], target: TableSchema): boolean {
  const wanted = [...key]
    .map((name) => name.toLowerCase())
    .sort()
    .join('\n');
  const candidates = [
    ...(target.key === null ? [] : [target.key.columns]),
    ...target.uniqueIndexes
      .filter((index) => !index.partial)
      .map((index) => index.columns.filter((column) => column !== null)),
  ];
  return candidates.some(
    (columns) =>
      columns
        .map((name) => name.toLowerCase())
        .sort()
        .join('\n') === wanted,
  );
}

/** Keys that are equal on one side and differ on the other can't be replicated by key. */
function checkCollations(
  route: TableRoute,
  target: TableSchema,
  refuse: (what: string, hint: string, column?: string) => never,
): void {
  for (const name of route.key) {
    const here = route.source.columns.find((column) => column.name === name)?.collation ?? null;
    const there =
      target.columns.find((column) => column.name.toLowerCase() === name.toLowerCase())?.collation ?? null;
    if (here !== there) {
      refuse(
        `compares the key column ${name} by another collation (${there ?? 'default'}) than the source (${here ?? 'default'})`,
        'Give both columns the same collation.',
        name,
      );
    }
  }
}
