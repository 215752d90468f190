/** Types of columns that a person chose for the target. */
import { CdcError } from '../errors';
import { displayName, type ColumnTypes, type TableSchema } from '../model';
import { nearMissHint } from './near-misses';

const WORD = '[\\p{L}_][\\p{L}\\p{N}_]*';
const NAME = `(?:${WORD}|"[^"]+"|\`[^\`]+\`)`;
/** Numbers, words and members. With a backslash, databases differ in where a member ends. */
const IN_BRACKETS = `(?:[\\p{L}\\p{N}_ ,.]|-(?!-)|'(?:[^'\\\\]|'')*'|"[^"\\\\]*")*`;

/**
 * What a type may look like: a name, perhaps in several words, perhaps with numbers or members in brackets. It becomes
 * part of a statement, so nothing else may follow.
 */
const TYPE = new RegExp(
  `^${NAME}(?:[ .]+${NAME})*(?: *\\(${IN_BRACKETS}\\))?(?: +${WORD})*(?:\\[\\d*\\])*$`,
  'u',
);

/** What belongs to a column and not to its type. Keys get their collation from us. */
const NO_TYPE =
  /\b(?:collate|not|null|primary|key|unique|default|references|check|generated|constraint|auto_increment)\b/i;

function isType(text: string): boolean {
  return TYPE.test(text) && !NO_TYPE.test(text.replace(/"[^"]*"|`[^`]*`|'(?:[^']|'')*'/g, '""'));
}

/**
 * The choice as it counts, or null where there is none. Throws CONFIG_INVALID for what is no type and for a key that
 * would be altered, COLUMN_UNKNOWN for a column that is not replicated.
 */
export function chosenTypes(
  table: TableSchema,
  columns: readonly string[],
  key: readonly string[],
  types: ColumnTypes,
): ColumnTypes | null {
  const id = displayName(table.name);
  for (const [column, { type, lossy }] of Object.entries(types)) {
    const at = { table: id, column };
    if (!columns.includes(column)) {
      throw new CdcError(
        'COLUMN_UNKNOWN',
        `Table ${id}: column ${column}, which is in \`types\`, is not replicated`,
        {
          hint: nearMissHint(column, columns, `Its columns: ${columns.join(', ')}.`),
          ...at,
        },
      );
    }
    if (type !== null && !isType(type)) {
      throw new CdcError(
        'CONFIG_INVALID',
        `Table ${id}: what \`types\` says of column ${column} is no type`,
        {
          hint: 'Write it as in CREATE TABLE on the target, without NOT NULL, defaults or collations: decimal(20,6).',
          ...at,
        },
      );
    }
    if (lossy && key.includes(column)) {
      throw new CdcError(
        'CONFIG_INVALID',
        `Table ${id}: column ${column} belongs to the key, which \`lossy\` would alter`,
        {
          hint: 'Different keys would become one. Give it a type that holds all of its values.',
          ...at,
        },
      );
    }
  }
  return Object.keys(types).length === 0 ? null : types;
}
