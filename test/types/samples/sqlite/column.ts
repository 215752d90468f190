import type { MatrixSample, Outcome } from '../../sample';
import { exactly, meaning, type StoredKind } from './stored';

export interface ColumnSample {
  /** What other databases make of the column. */
  readonly kind: StoredKind;
  /** Values that arrive everywhere. */
  readonly holds: readonly string[];
  /** Values that only a column of SQLite takes. */
  readonly others?: readonly string[];
  /** Values that these do not take, beside those. */
  readonly notPostgres?: readonly string[];
  readonly notMysql?: readonly string[];
  readonly called?: string;
  readonly tableOptions?: string;
  /** Of the source's texts. */
  readonly encoding?: BufferEncoding;
  /** Values that a database of SQLite in another encoding does not take, beside those of the others. */
  readonly notSqlite?: readonly string[];
}

/** A column of SQLite: the same class and content in SQLite, what it means elsewhere. */
export function column(declaration: string, sample: ColumnSample): MatrixSample {
  const { kind, holds, others = [], notPostgres = [], notMysql = [], notSqlite = [] } = sample;
  const { called, tableOptions, encoding = 'utf8' } = sample;
  const literals = [...new Set([...holds, ...others, ...notPostgres, ...notMysql, ...notSqlite])];
  const letters = (own: readonly string[]): Outcome => ({ letters: [...others, ...own] });
  const elsewhere = meaning(kind, encoding);
  return {
    declaration,
    kind,
    literals,
    ...(called === undefined ? {} : { called }),
    ...(tableOptions === undefined ? {} : { tableOptions }),
    readings: { sqlite: exactly() },
    sourceReadings: { sqlite: exactly(encoding), postgres: elsewhere, mysql: elsewhere, mariadb: elsewhere },
    to: {
      sqlite: { letters: notSqlite },
      postgres: letters(notPostgres),
      mysql: letters(notMysql),
      mariadb: letters(notMysql),
    },
  };
}
