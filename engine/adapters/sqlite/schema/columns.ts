/** A table's columns as SQLite has them, with what its pragmas don't tell: collations stand in the table's text only. */
import type { ColumnSchema, Generated } from '../../../model';
import { foldName } from '../database/identifiers';
import type { Session } from '../database/session';
import { columnType } from './types';
import { closingBracket, isName, isSymbol, isWord, splitTokens, tokenize } from '../database/tokens';
import { flagOf, numberOf, textOf, textOrNull } from '../database/values';

export interface ColumnDetail extends ColumnSchema {
  /** Place in the PRIMARY KEY, from 1; 0 when it is not in it. */
  readonly primaryKey: number;
}

/** Columns in order, hidden ones of virtual tables left out. */
export function readColumns(
  session: Session,
  table: string,
  sql: string,
  strict: boolean,
): readonly ColumnDetail[] {
  const collations = parseCollations(sql);
  return session
    .all(
      `SELECT name, type, "notnull", dflt_value, pk, hidden
FROM pragma_table_xinfo(?, 'main') WHERE hidden <> 1 ORDER BY cid`,
      table,
    )
    .map(([nameValue, type, notNull, defaultSql, primaryKey, hidden]): ColumnDetail => {
      const name = textOf(nameValue);
      const declaredType = declaredBy(textOf(type));
      return {
        name,
        declaredType,
        ...columnType(declaredType, strict),
        nullable: !flagOf(notNull),
        generated: generatedBy(numberOf(hidden)),
        collation: collations.get(foldName(name)) ?? null,
        defaultSql: textOrNull(defaultSql),
        primaryKey: numberOf(primaryKey),
      };
    });
}

/** SQLite takes the words of a generated column for a part of its type. */
export function declaredBy(type: string): string {
  return type.replace(/\s*\bGENERATED ALWAYS$/i, '');
}

function generatedBy(hidden: number): Generated {
  if (hidden === 2) return 'virtual';
  return hidden === 3 ? 'stored' : 'no';
}

/** Collations other than BINARY by folded column name, from `CREATE TABLE name (definition, …)`. */
function parseCollations(sql: string): ReadonlyMap<string, string> {
  const tokens = tokenize(sql);
  const open = tokens.findIndex((token) => isSymbol(token, '('));
  const collations = new Map<string, string>();
  if (open < 0) return collations;
  for (const definition of splitTokens(tokens.slice(open + 1, closingBracket(tokens, open)), ',')) {
    const [name, ...rest] = definition;
    if (isWord(name, 'CONSTRAINT', 'PRIMARY', 'UNIQUE', 'CHECK', 'FOREIGN')) break;
    if (!isName(name)) continue;
    let depth = 0;
    rest.forEach((token, index) => {
      if (isSymbol(token, '(')) depth += 1;
      else if (isSymbol(token, ')')) depth -= 1;
      const collation = rest[index + 1];
      // Inside of brackets it belongs to a default, a check or a generated value. The last one counts.
      if (depth !== 0 || !isWord(token, 'COLLATE') || !isName(collation)) return;
      const upper = collation.text.toUpperCase();
      if (upper === 'BINARY') collations.delete(foldName(name.text));
      else collations.set(foldName(name.text), upper);
    });
  }
  return collations;
}
