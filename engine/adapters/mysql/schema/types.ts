/** Types of MySQL and MariaDB as logical types, and how each is read so that nothing is lost. */
import type { ColumnBounds, LogicalType } from '../../../model';
import type { Features } from '../database';
import { TYPES, type NativeType, type TypeEntry } from './type-table';

export { isReadAsHex, membersOf, type NativeType } from './type-table';

function entryOf(name: string): TypeEntry | undefined {
  return Object.hasOwn(TYPES, name) ? TYPES[name] : undefined;
}

export function logicalTypeOf(type: NativeType): LogicalType {
  return entryOf(type.name)?.type(type) ?? { kind: 'other', native: type.declared };
}

/** What a type holds besides, or lacks. `charset`: of a text; null for anything else. */
export function boundsOf(type: NativeType, charset: string | null): ColumnBounds {
  return entryOf(type.name)?.bounds(type, charset) ?? { specials: [] };
}

/** The same on a server that may not know the sign of -0. */
export function onServer(
  bounds: ColumnBounds,
  { keepsSignOfZero }: Pick<Features, 'keepsSignOfZero'>,
): ColumnBounds {
  if (keepsSignOfZero) return bounds;
  return { ...bounds, specials: bounds.specials.filter((special) => special !== 'negative zero') };
}

/**
 * The expression that reads a column of a type that needs one; null for any other. `column` is an SQL expression.
 */
export function typedRead(column: string, declared: string): string | null {
  return entryOf(nativeName(declared))?.read?.(column, declared) ?? null;
}

/** The name of a type out of its declaration: `varchar(20)` is a `varchar`. */
export function nativeName(declared: string): string {
  return /^[a-z0-9_]+/i.exec(declared)?.[0].toLowerCase() ?? '';
}

/** Other names for types. */
const ALIASES: Readonly<Record<string, string>> = {
  integer: 'int',
  bool: 'tinyint',
  boolean: 'tinyint',
  numeric: 'decimal',
  dec: 'decimal',
  real: 'double',
};

/** The logical side of a type as it is written, e.g. `varchar(36) CHARACTER SET ascii COLLATE ascii_bin`. */
export function describeType(declared: string): {
  readonly type: LogicalType;
  readonly bounds: ColumnBounds;
} {
  const written = nativeName(declared);
  const name = ALIASES[written] ?? written;
  const [first = null, second = null] = (/^[a-z0-9_]+ *\(([\d, ]+)\)/i.exec(declared)?.[1] ?? '')
    .split(',')
    .flatMap((digits) => (digits.trim() === '' ? [] : [Number(digits)]));
  const type: NativeType = {
    name,
    declared: name === 'enum' || name === 'set' ? declared : declared.toLowerCase(),
    length: first ?? (name === 'char' || name === 'binary' ? 1 : null),
    precision: name === 'decimal' ? (first ?? 10) : first,
    scale: second ?? 0,
    isJson: name === 'json',
  };
  const isText = /char|text|enum|set/.test(name);
  const charset = /\bcharacter set (\w+)/i.exec(declared)?.[1]?.toLowerCase() ?? 'utf8mb4';
  return { type: logicalTypeOf(type), bounds: boundsOf(type, isText ? charset : null) };
}
