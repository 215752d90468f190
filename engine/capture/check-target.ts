/** Looks whether a target table that exists can take a route's rows. */
import { CdcError } from '../errors';
import { displayName } from '../model';
import type { ColumnSchema, TableRoute, TableSchema } from '../model';
import { findNamed } from './find-named';

/** Throws TARGET_TABLE_MISMATCH, naming all columns that are missing or in the way. */
export function checkTargetTable(route: TableRoute, target: TableSchema, sameFamily: boolean): void {
  const name = displayName(route.target);
  const columnOf = (wanted: string): ColumnSchema | undefined =>
    findNamed(target.columns, (column) => column.name, wanted);
  const refuse = (what: string, hint: string, column?: string): never => {
    throw new CdcError('TARGET_TABLE_MISMATCH', `Target table ${name} ${what}`, {
      hint,
      table: route.id,
      ...(column === undefined ? {} : { column }),
    });
  };

  const missing = route.columns.filter((column) => columnOf(column) === undefined);
  if (missing.length > 0) {
    refuse(
      `lacks the column${missing.length > 1 ? 's' : ''} ${missing.join(', ')}`,
      'Add them to the target table, or name the columns to replicate with `columns`.',
      missing[0],
    );
  }
  const generated = route.columns.find((column) => columnOf(column)?.generated !== 'no');
  if (generated !== undefined) {
    refuse(
      `computes the column ${generated} itself`,
      'Make it an ordinary column, or leave it out with `columns`.',
      generated,
    );
  }
  const replicated = new Set(route.columns.map(columnOf));
  const demanding = target.columns.find(
    (column) =>
      column.generated === 'no' && !column.nullable && column.defaultSql === null && !replicated.has(column),
  );
  if (demanding !== undefined) {
    refuse(
      `demands a value for ${demanding.name}, which the source does not have`,
      'Give it a default.',
      demanding.name,
    );
  }
  if (sameFamily) checkCollations(route, target, refuse);
  if (!hasKey(route, target, sameFamily)) {
    refuse(
      `has no unique key over (${route.key.join(', ')})`,
      `Make (${route.key.join(', ')}) its primary key, or drop it so that it is created.`,
    );
  }
}

/** Whether a unique index of the target tells the same keys apart; its collations mean something within a family only. */
function hasKey({ key, source }: TableRoute, target: TableSchema, sameFamily: boolean): boolean {
  const collation = (table: TableSchema, name: string): string | null =>
    findNamed(table.columns, (column) => column.name, name)?.collation ?? null;
  const terms = (names: readonly string[], collations: readonly (string | null)[]): string =>
    JSON.stringify(
      names
        .map((name, place) => [name.toLowerCase(), sameFamily ? (collations[place] ?? null) : null])
        .map((term) => JSON.stringify(term))
        .sort(),
    );
  const own = (table: TableSchema, names: readonly string[]): string =>
    terms(
      names,
      names.map((name) => collation(table, name)),
    );
  const indexes = target.uniqueIndexes.flatMap(({ columns, collations, partial }) => {
    const names = columns.filter((column) => column !== null);
    return partial || names.length < columns.length ? [] : [terms(names, collations)];
  });
  const candidates = [...(target.key === null ? [] : [own(target, target.key.columns)]), ...indexes];
  return candidates.includes(own(source, key));
}

/** Keys that are equal on one side and differ on the other can't be replicated by key. */
function checkCollations(
  route: TableRoute,
  target: TableSchema,
  refuse: (what: string, hint: string, column?: string) => never,
): void {
  for (const name of route.key) {
    const here = route.source.columns.find((column) => column.name === name)?.collation ?? null;
    const there = findNamed(target.columns, (column) => column.name, name)?.collation ?? null;
    if (here !== there) {
      refuse(
        `compares the key column ${name} by another collation (${there ?? 'default'}) than the source (${here ?? 'default'})`,
        'Give both columns the same collation.',
        name,
      );
    }
  }
}
