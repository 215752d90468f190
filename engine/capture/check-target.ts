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
function hasKey(route: TableRoute, target: TableSchema, sameFamily: boolean): boolean {
  const collation = (name: string): string | null =>
    findNamed(target.columns, (column) => column.name, name)?.collation ?? null;
  const covers = (names: readonly string[], collations: readonly (string | null)[]): boolean =>
    names.length === route.key.length &&
    route.key.every((name) => {
      const place = names.findIndex((candidate) => candidate.toLowerCase() === name.toLowerCase());
      return place >= 0 && (!sameFamily || tellsKeysApart(route, target, name, collations[place] ?? null));
    });
  const own = target.key?.columns ?? [];
  if (covers(own, own.map(collation))) return true;
  return target.uniqueIndexes.some(({ columns, collations, partial }) => {
    const names = columns.filter((column) => column !== null);
    return !partial && names.length === columns.length && covers(names, collations);
  });
}

/**
 * Whether the target takes no two keys of the source for one: by the same collation, or by bytes. A key that is spelled
 * anew comes as another one, so to tell more keys apart than the source does is as good.
 */
function tellsKeysApart(
  route: TableRoute,
  target: TableSchema,
  name: string,
  collation: string | null,
): boolean {
  const here = route.source.columns.find((column) => column.name === name)?.collation ?? null;
  const there = findNamed(target.columns, (column) => column.name, name);
  return here === collation || (there?.comparesBytes === true && there.collation === collation);
}

/** Keys that are equal on the target and differ on the source can't be replicated by key. */
function checkCollations(
  route: TableRoute,
  target: TableSchema,
  refuse: (what: string, hint: string, column?: string) => never,
): void {
  for (const name of route.key) {
    const here = route.source.columns.find((column) => column.name === name)?.collation ?? null;
    const there = findNamed(target.columns, (column) => column.name, name)?.collation ?? null;
    if (!tellsKeysApart(route, target, name, there)) {
      refuse(
        `compares the key column ${name} by another collation (${there ?? 'default'}) than the source (${here ?? 'default'})`,
        'Give both columns the same collation, or drop the table so that it is created.',
        name,
      );
    }
  }
}
