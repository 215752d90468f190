/** Columns of change tables: the source's own types twice, and how they fit into a row. */
import { createHash } from 'node:crypto';
import { quote } from '../database';
import type { FoundColumn } from '../schema/catalog';
import type { TableDetail } from '../schema/tables';
import type { References } from './cascades';
import type { CapturedColumn } from './registry';

/** The server takes rows of 65,535 bytes, apart from long texts; some of it is for our own columns and NULL bits. */
const MOST_BYTES = 65_000;

/** A name that may have 64 characters, with what makes it unique at its end where it is cut, or where `digest` is given. */
export function shortName(
  name: string,
  { digest: of = null }: { readonly digest?: string | null } = {},
): string {
  const characters = Array.from(name);
  if (characters.length <= 64 && of === null) return name;
  const digest = createHash('sha256')
    .update(of ?? name)
    .digest('hex')
    .slice(0, 8);
  return `${characters.slice(0, 55).join('')}_${digest}`;
}

/** Columns of a table as they are captured: all but the computed ones. Of those that are `known` the names stay. */
export function capturedColumns(
  detail: TableDetail,
  known: readonly CapturedColumn[],
  references: References,
): readonly CapturedColumn[] {
  const { found, schema } = detail;
  const key = schema.key?.columns ?? [];
  const guarded = guardedColumns(detail, references);
  return found.columns
    .filter(({ generated }) => generated === 'no')
    .map((column) => {
      const before = known.find(({ name }) => name === column.name);
      return {
        name: column.name,
        declared: column.declared,
        collation: column.collation,
        key: key.indexOf(column.name) + 1,
        oldName: before?.oldName ?? shortName(`old_${column.name}`),
        newName: before?.newName ?? shortName(`new_${column.name}`),
        guarded: guarded.has(column.name),
        since: before?.since ?? 0,
      };
    });
}

/**
 * Columns that an index or a foreign key can refuse a value of. MariaDB fires the trigger of an update that UPDATE IGNORE
 * then left undone for such a refusal; what it logs of these columns may not have happened.
 */
export function guardedColumns({ found, schema }: TableDetail, references: References): ReadonlySet<string> {
  const all = found.columns.map(({ name }) => name);
  const ofIndexes = found.uniqueIndexes.flatMap(({ columns }) =>
    columns.flatMap((name) => (name === null ? all : [name])),
  );
  const ofForeignKeys = found.foreignKeys.flatMap(({ columns }) => columns);
  const ofOthers = [...references.values()].flatMap((keys) =>
    keys.filter(({ table }) => table === schema.name.name).flatMap(({ referenced }) => referenced),
  );
  return new Set([...ofIndexes, ...ofForeignKeys, ...ofOthers]);
}

/** True when what is captured of a column still holds what it holds now. */
export function sameColumn(captured: CapturedColumn, now: FoundColumn): boolean {
  return captured.declared === now.declared && captured.collation === now.collation;
}

/** Definitions of the old and new columns in a change table, those of `columns`. */
export function columnDefinitions(
  { found }: TableDetail,
  columns: readonly CapturedColumn[],
): readonly string[] {
  const long = longColumns(found.columns.filter(({ generated }) => generated === 'no'));
  return ['oldName', 'newName'].flatMap((side) =>
    columns.map((column) => {
      const source = found.columns.find(({ name }) => name === column.name);
      const type = source === undefined ? column.declared : typeOf(source, long.has(source.name));
      return `${quote(side === 'oldName' ? column.oldName : column.newName)} ${type} NULL`;
    }),
  );
}

/** The type with the charset of its own, whatever the change table's is. */
function typeOf({ native, declared, charset, collation }: FoundColumn, isLong: boolean): string {
  const plain = declared.replace(/\s*\/\*.*?\*\/\s*/g, ' ').trim();
  const type = isLong ? (native === 'varbinary' ? 'blob' : 'text') : plain;
  const text = charset === null || collation === null ? '' : ` CHARACTER SET ${charset} COLLATE ${collation}`;
  return `${type}${text}`;
}

/** The longest VARCHAR and VARBINARY columns, as many as must leave the row so that it fits. */
function longColumns(columns: readonly FoundColumn[]): ReadonlySet<string> {
  const long = new Set<string>();
  let bytes = 2 * columns.reduce((sum, column) => sum + bytesOf(column), 0);
  const candidates = columns
    .filter(({ native }) => native === 'varchar' || native === 'varbinary')
    .toSorted((one, other) => bytesOf(other) - bytesOf(one));
  for (const column of candidates) {
    if (bytes <= MOST_BYTES) break;
    long.add(column.name);
    bytes -= 2 * (bytesOf(column) - POINTER);
  }
  return long;
}

/** Of a text or bytes that is stored apart. */
const POINTER = 12;

function bytesOf({ native, octets, precision }: FoundColumn): number {
  switch (native) {
    case 'char':
    case 'varchar':
    case 'binary':
    case 'varbinary':
      return (octets ?? 0) + 2;
    case 'decimal':
      return Math.ceil((precision ?? 65) / 2) + 2;
    case 'uuid':
    case 'inet6':
      return 16;
    default:
      return POINTER;
  }
}
