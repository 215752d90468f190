/** The statements that bring staged rows into a target table. Nothing in them comes from a row. */
import { quote, quoteText } from '../database/identifiers';
import { EXPECTED, KIND, stagedKey, type Expectation, type StagedRows, type StagedSet } from './staging';
import type { TargetColumn, TargetUnique } from './shape';

/** Which of the staged rows, by their place in source order. */
export type Places =
  | 'all'
  | { readonly from: number; readonly to: number }
  | { readonly only: readonly number[] }
  | { readonly except: readonly number[] };

function where(places: Places): string {
  if (places === 'all') return '';
  if ('from' in places) return ` AND s.ord BETWEEN ${places.from} AND ${places.to}`;
  if ('only' in places) return ` AND s.ord = ANY ('{${places.only.join(',')}}'::bigint[])`;
  return ` AND s.ord <> ALL ('{${places.except.join(',')}}'::bigint[])`;
}

function staged({ table }: StagedRows, kind: string, places: Places): string {
  return `${table} AS s WHERE s.kind = '${kind}'${where(places)}`;
}

/** `t`, a row of the target, has the key of the staged `s`. */
export function sameKey(set: StagedSet): string {
  const values = stagedKey(set);
  return set.shape.key
    .map(({ name, equals }, index) => `t.${quote(name)} ${equals} ${values[index] ?? 'NULL'}`)
    .join(' AND ');
}

/** Deletes the rows whose keys are staged under this kind. */
export function deleteSql(set: StagedSet, rows: StagedRows, kind: string, places: Places = 'all'): string {
  return `DELETE FROM ${set.shape.table} AS t USING ${staged(rows, kind, places)} AND ${sameKey(set)}`;
}

/** Identity columns take the source's values, too. */
export function insertSql(set: StagedSet, rows: StagedRows, places: Places = 'all'): string {
  return insertFrom(set, staged(rows, KIND.upsert, places));
}

function insertFrom(set: StagedSet, from: string): string {
  const names = set.shape.columns.map(({ name }) => quote(name)).join(', ');
  const values = set.columns.map(({ value }) => value).join(', ');
  return `INSERT INTO ${set.shape.table} (${names}) OVERRIDING SYSTEM VALUE
SELECT ${values} FROM ${from}`;
}

export function upsertSql(set: StagedSet, rows: StagedRows, places: Places = 'all'): string {
  return upsertFrom(set, staged(rows, KIND.upsert, places));
}

function upsertFrom(set: StagedSet, from: string): string {
  const assignments = updatedColumns(set).map(({ name }) => `${quote(name)} = excluded.${quote(name)}`);
  const action = assignments.length === 0 ? 'NOTHING' : `UPDATE SET ${assignments.join(', ')}`;
  return `${insertFrom(set, from)}
ON CONFLICT (${set.shape.key.map(({ name }) => quote(name)).join(', ')}) DO ${action}`;
}

/** Columns that an update of a row writes. */
export function updatedColumns({ shape }: StagedSet): readonly TargetColumn[] {
  return shape.columns.filter((column) => !shape.key.includes(column) || column.respelled);
}

/**
 * Writes rows in the way that costs least where the target is as expected: an update of those that are there, a plain
 * insertion of those that aren't, and an upsert of the rest. An upsert costs about half as much again: it looks the
 * key up, locks the row, and marks an insertion for the case that another one comes first.
 */
export function expectedSql(set: StagedSet, rows: StagedRows, expected: Expectation): readonly string[] {
  const { present, absent } = EXPECTED;
  const all = staged(rows, KIND.upsert, 'all');
  const statements: string[] = [];
  if (expected.present > 0) {
    const written = updatedColumns(set);
    const assignments = set.shape.columns.flatMap((column, index) =>
      written.includes(column) ? [`${quote(column.name)} = ${set.columns[index]?.value ?? 'NULL'}`] : [],
    );
    statements.push(`UPDATE ${set.shape.table} AS t SET ${assignments.join(', ')}
FROM ${all} AND s.op = '${present}' AND ${sameKey(set)}`);
  }
  if (expected.absent > 0) statements.push(insertFrom(set, `${all} AND s.op = '${absent}'`));
  if (expected.open > 0) {
    statements.push(upsertFrom(set, `${all} AND (s.op IS NULL OR s.op NOT IN ('${present}', '${absent}'))`));
  }
  return statements;
}

/**
 * Deletes whatever stands in the way of the staged rows in a unique index other than the key, but for rows that are
 * staged themselves, at `own`.
 */
export function clearSql(set: StagedSet, rows: StagedRows, places: Places, own: Places): readonly string[] {
  return set.shape.uniques.map((unique) => clearOneSql(set, unique, rows, places, own));
}

function clearOneSql(
  set: StagedSet,
  unique: TargetUnique,
  rows: StagedRows,
  places: Places,
  own: Places,
): string {
  const { shape, columns } = set;
  const wanted = unique.expressions.map((expression, index) => `${expression} AS e${index}`).join(', ');
  const incoming = shape.columns.map(
    ({ name }, index) => `${columns[index]?.value ?? 'NULL'} AS ${quote(name)}`,
  );
  const only = unique.predicate === null ? '' : ` WHERE ${unique.predicate}`;
  const collides = unique.expressions
    .map((_, index) => {
      const equal = `held.e${index} ${unique.operators[index] ?? '='} wanted.e${index}`;
      return unique.nullsNotDistinct
        ? `(${equal} OR (held.e${index} IS NULL AND wanted.e${index} IS NULL))`
        : equal;
    })
    .join(' AND ');
  // Each side has a FROM of its own, since the index's expressions name columns without a table.
  return `DELETE FROM ${shape.table} AS t WHERE (t.tableoid, t.ctid) IN (
  SELECT held.row_table, held.row_place
  FROM (SELECT tableoid AS row_table, ctid AS row_place, ${wanted} FROM ${shape.table}${only}) AS held
  JOIN (SELECT ${wanted} FROM (SELECT ${incoming.join(', ')} FROM ${staged(rows, KIND.upsert, places)}) AS incoming${only}) AS wanted
    ON ${collides}
) AND NOT EXISTS (SELECT 1 FROM ${staged(rows, KIND.upsert, own)} AND ${sameKey(set)})`;
}

/** Converts one column's staged values as an INSERT would, and writes nothing. */
export function convertSql(set: StagedSet, rows: StagedRows, index: number, places: Places): string {
  const { name } = set.shape.columns[index] ?? { name: '' };
  const value = set.columns[index]?.value ?? 'NULL';
  // A record of the column alone takes values by assignment, so that too long a text fails as it does in the table.
  return `SELECT count(jsonb_populate_record(NULL::${set.shape.table}, jsonb_build_object(${quoteText(name)}, ${value})))
FROM ${staged(rows, KIND.upsert, places)}`;
}
