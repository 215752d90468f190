/** Unique indexes of a table as SQLite enforces them: terms with collations, expressions and predicates as written. */
import type { UniqueIndex } from '../../../model';
import { foldName } from '../database/identifiers';
import type { Session } from '../database/session';
import {
  closingBracket,
  isSymbol,
  isWord,
  splitTokens,
  textOfTokens,
  tokenize,
  type Token,
} from '../database/tokens';
import { flagOf, textOf, textOrNull } from '../database/values';

export interface IndexTerm {
  /** The column's name, or null where the index holds an expression. */
  readonly column: string | null;
  /** The expression's SQL as written, or null for a column. */
  readonly expression: string | null;
  readonly collation: string;
}

/** A unique index. An INTEGER PRIMARY KEY has none. */
export interface UniqueDetail {
  readonly name: string;
  readonly isPrimaryKey: boolean;
  readonly terms: readonly IndexTerm[];
  /** The predicate of a partial index, as written. */
  readonly predicate: string | null;
}

/** What an index refuses, as one text: equal for equal terms, in whatever order, and equal predicates. */
export function ruleOf({ terms, predicate }: UniqueDetail): string {
  const texts = terms.map(({ column, expression, collation }) =>
    JSON.stringify([column === null ? null : foldName(column), expression, collation]),
  );
  return JSON.stringify([texts.sort(), predicate]);
}

/** Of a source's index over renamed columns no rule is known: then it is that of these columns, if they are all. */
export function ruleOnSource({ rule, columns, collations, partial }: UniqueIndex): string {
  if (rule !== '' || partial) return rule;
  const terms = columns.map((column, place) => ({
    column,
    expression: column === null ? '' : null,
    collation: (collations[place] ?? 'BINARY').toUpperCase(),
  }));
  return terms.some(({ column }) => column === null)
    ? rule
    : ruleOf({ name: '', isPrimaryKey: false, terms, predicate: null });
}

/** A table's unique indexes, that of a PRIMARY KEY among them. */
export function readUniques(session: Session, table: string): readonly UniqueDetail[] {
  return session
    .all(
      `SELECT l.name, l.origin = 'pk', s.sql
FROM pragma_index_list(?, 'main') AS l LEFT JOIN main.sqlite_schema AS s ON s.type = 'index' AND s.name = l.name
WHERE l."unique" ORDER BY l.name`,
      table,
    )
    .map(([index, isPrimaryKey, sql]): UniqueDetail => {
      const name = textOf(index);
      // An index that a constraint of the table made has no text of its own: only columns, no predicate.
      const text = textOrNull(sql);
      const written = text === null ? null : parseIndex(text);
      const terms = session
        .all(`SELECT name, coll FROM pragma_index_xinfo(?, 'main') WHERE key ORDER BY seqno`, name)
        .map(([column, collation], position): IndexTerm => {
          const columnName = textOrNull(column);
          return {
            column: columnName,
            expression: columnName === null ? (written?.terms[position] ?? '') : null,
            collation: textOf(collation).toUpperCase(),
          };
        });
      return { name, isPrimaryKey: flagOf(isPrimaryKey), terms, predicate: written?.predicate ?? null };
    });
}

interface WrittenIndex {
  readonly terms: readonly string[];
  readonly predicate: string | null;
}

/** `CREATE UNIQUE INDEX name ON table (terms) WHERE predicate` */
function parseIndex(sql: string): WrittenIndex {
  const tokens = tokenize(sql);
  const open = tokens.findIndex((token) => isSymbol(token, '('));
  if (open < 0) return { terms: [], predicate: null };
  const close = closingBracket(tokens, open);
  const terms = splitTokens(tokens.slice(open + 1, close), ',').map((term) =>
    textOfTokens(sql, withoutOrder(term)),
  );
  const rest = tokens.slice(close + 1);
  const predicate = isWord(rest[0], 'WHERE') ? textOfTokens(sql, rest.slice(1)) : null;
  return { terms, predicate };
}

function withoutOrder(term: readonly Token[]): readonly Token[] {
  return isWord(term.at(-1), 'ASC', 'DESC') ? term.slice(0, -1) : term;
}
