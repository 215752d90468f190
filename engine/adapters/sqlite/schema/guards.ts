/**
 * Guards: what finds the rows that REPLACE deletes without firing a delete trigger (unless `recursive_triggers` is
 * on, which is the writer's to set). Before a row is written, each row that stands in its way in a unique index
 * other than the key is logged as `touch`: it may vanish, or not if the statement says IGNORE or DO NOTHING.
 */
import type { ColumnSchema } from '../../../model';
import { quote, quoteText } from '../database/identifiers';
import type { UniqueDetail } from './indexes';
import type { TableDetail } from './schema';
import { isWord, mentions, tokenize } from '../database/tokens';

/** One way in which a row that is written can meet another. */
export interface Guard {
  /** Condition on a row of the table (called VICTIM) to be in the way of NEW. Its text is the guard's identity. */
  readonly victim: string;
  /** Columns whose update can lead there; null: any, since an UPDATE can name a rowid by names that are no column's. */
  readonly columns: readonly string[] | null;
  /** `key`: only an UPDATE needs it. `rowid`: that no column stands for. */
  readonly kind: 'index' | 'key' | 'rowid';
}

/** The table in a guard: under its own name a table called `new` would hide the row NEW. */
export const VICTIM = '_cdc_victim';

/** Every way that a table needs; none for most tables with a single unique index. */
export function guardsOf(detail: TableDetail): readonly Guard[] {
  const { schema, uniques, hiddenRowid } = detail;
  const key: readonly string[] = schema.key?.columns ?? [];
  const exactKey = key.every((name) => isExact(columnOf(schema.columns, name)));
  const guards = uniques
    // A row with the same key is overwritten by the change itself, if the same key is also spelled the same.
    .filter((unique) => !(exactKey && coversKey(unique, key)))
    .map((unique) => indexGuard(detail, unique));
  if (exactKey && detail.cascading) {
    // The row that is moved to a key in use may be gone, by a cascade of its victim, before it is moved.
    const victim = key.map((name) => `${VICTIM}.${quote(name)} = NEW.${quote(name)}`).join(' AND ');
    guards.push({ victim, columns: null, kind: 'key' });
  }
  if (hiddenRowid !== null) {
    guards.push({ victim: `${VICTIM}.${hiddenRowid} = NEW.${hiddenRowid}`, columns: null, kind: 'rowid' });
  }
  return guards;
}

function coversKey({ terms, predicate }: UniqueDetail, key: readonly string[]): boolean {
  return predicate === null && key.every((name) => terms.some((term) => term.column === name));
}

/**
 * True when equal values of a column are spelled alike. Not so under NOCASE and the like (`a`, `A`), and not where
 * no type decides between 1 and 1.0.
 */
export function isExact(column: ColumnSchema): boolean {
  return column.collation === null && column.type.kind === 'dynamic' && column.type.affinity !== 'blob';
}

export function columnOf(columns: readonly ColumnSchema[], name: string): ColumnSchema {
  const column = columns.find((candidate) => candidate.name === name);
  if (column === undefined) throw new Error('a key names a column that is not there');
  return column;
}

/** SQL that is true when two rows (`OLD`, `NEW`, or VICTIM) have the same key, spelled the same. */
export function sameSpelling(detail: TableDetail, one: string, other: string): string {
  const { columns, key } = detail.schema;
  return (key?.columns ?? [])
    .flatMap((name) => {
      const column = columnOf(columns, name);
      const [a, b] = [`${one}.${quote(name)}`, `${other}.${quote(name)}`];
      if (isExact(column)) return [`${a} IS ${b}`];
      const bytes = column.collation === null ? '' : ' COLLATE BINARY';
      return [`${a} IS ${b}${bytes}`, `typeof(${a}) = typeof(${b})`];
    })
    .join(' AND ');
}

function indexGuard(detail: TableDetail, { terms, predicate }: UniqueDetail): Guard {
  const { columns } = detail.schema;
  const generated = terms.some(
    ({ column }) => column !== null && columnOf(columns, column).generated !== 'no',
  );
  const written = columns.filter((column) => column.generated === 'no');
  const rest = [predicate, ...terms.map((term) => term.expression)].filter((sql) => sql !== null);
  const conditions = terms.map(({ column, expression, collation }) => {
    const [here, there] =
      column === null
        ? [`(${expression ?? ''}\n)`, `(SELECT ${expression ?? ''}\n FROM (SELECT ${newRow(written)}))`]
        : [`${VICTIM}.${quote(column)}`, newValue(columnOf(columns, column))];
    return `${here} = ${there} COLLATE ${quote(collation)}`;
  });
  if (predicate !== null) conditions.push(`(${predicate}\n)`);
  return {
    victim: conditions.join(' AND '),
    // A generated column changes with columns that only its expression names.
    columns: generated
      ? null
      : written
          .map((column) => column.name)
          .filter(
            (column) =>
              terms.some((term) => term.column === column) || rest.some((sql) => mentions(sql, column)),
          ),
    kind: 'index',
  };
}

/** The values that are about to be written, as a row whose columns are called as an expression knows them. */
function newRow(columns: readonly ColumnSchema[]): string {
  return columns.map((column) => `${newValue(column)} AS ${quote(column.name)}`).join(', ');
}

/** REPLACE writes the default in the place of a NULL that the column refuses, after BEFORE triggers have run. */
function newValue(column: ColumnSchema): string {
  const value = `NEW.${quote(column.name)}`;
  const fallback = column.nullable || column.defaultSql === null ? null : defaultValue(column.defaultSql);
  return fallback === null ? value : `coalesce(${value}, ${fallback})`;
}

/** A default as an expression. SQLite tells it without its brackets, and takes a bare name for a text. */
function defaultValue(sql: string): string | null {
  const [token, ...others] = tokenize(sql);
  if (token === undefined || isWord(token, 'NULL')) return null;
  if (others.length > 0) return `(${sql}\n)`;
  const isValue = isWord(token, 'CURRENT_TIMESTAMP', 'CURRENT_DATE', 'CURRENT_TIME', 'TRUE', 'FALSE');
  return (token.kind === 'word' && !isValue) || token.kind === 'name' ? quoteText(token.text) : sql;
}

/** True when a unique index has a default that nobody can foresee: a REPLACE of NULL then hits an unknown row. */
export function hasUnforeseeableDefault({ schema, uniques }: TableDetail): boolean {
  return schema.columns.some(
    (column) =>
      !column.nullable &&
      column.defaultSql !== null &&
      (mentions(column.defaultSql, 'random') || mentions(column.defaultSql, 'randomblob')) &&
      uniques.some((unique) => unique.terms.some((term) => term.column === column.name)),
  );
}
