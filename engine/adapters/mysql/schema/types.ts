/** Types of MySQL and MariaDB as logical types, and how each is read so that nothing is lost. */
import type { LogicalType } from '../../../model';

/** A column's type as the information schema describes it. */
export interface NativeType {
  /** Without length, e.g. `varchar`. */
  readonly name: string;
  /** As declared, e.g. `varchar(20)`, `int(10) unsigned zerofill`, `enum('a','b')`. */
  readonly declared: string;
  readonly length: number | null;
  readonly precision: number | null;
  readonly scale: number | null;
  /** True for a text that the server checks to be JSON: what MariaDB means by JSON. */
  readonly isJson: boolean;
}

const INT_BITS = { tinyint: 8, smallint: 16, mediumint: 24, int: 32, bigint: 64 } as const;

function isIntName(name: string): name is keyof typeof INT_BITS {
  return Object.hasOwn(INT_BITS, name);
}

export function logicalTypeOf(type: NativeType): LogicalType {
  const { name, declared, length, precision, scale } = type;
  if (isIntName(name)) {
    return { kind: 'int', bits: INT_BITS[name], signed: !declared.includes('unsigned') };
  }
  switch (name) {
    case 'year':
      return { kind: 'int', bits: 16, signed: false };
    case 'bit':
      return bitType(precision ?? 1);
    case 'decimal':
      return { kind: 'decimal', precision, scale };
    case 'float':
      return { kind: 'float', bits: 32 };
    case 'double':
      return { kind: 'float', bits: 64 };
    case 'char':
    case 'varchar':
      return { kind: 'text', length };
    case 'tinytext':
    case 'text':
    case 'mediumtext':
    case 'longtext':
      return type.isJson ? { kind: 'json' } : { kind: 'text', length: null };
    case 'binary':
    case 'varbinary':
      return { kind: 'bytes', length };
    case 'tinyblob':
    case 'blob':
    case 'mediumblob':
    case 'longblob':
      return { kind: 'bytes', length: null };
    case 'date':
      return { kind: 'date' };
    case 'time':
      return { kind: 'time', zone: false };
    case 'datetime':
      return { kind: 'timestamp', zone: false };
    case 'timestamp':
      return { kind: 'timestamp', zone: true };
    case 'json':
      return { kind: 'json' };
    case 'uuid':
      return { kind: 'uuid' };
    case 'enum':
      return { kind: 'enum', members: membersOf(declared) };
    default:
      return { kind: 'other', native: declared };
  }
}

/** One bit is a truth value, more are a number. */
function bitType(width: number): LogicalType {
  if (width === 1) return { kind: 'bool' };
  return { kind: 'int', bits: width <= 8 ? 8 : width <= 16 ? 16 : width <= 32 ? 32 : 64, signed: false };
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', 0: '\0', Z: '\x1a' };

/** Members of `enum('a','it''s')`, in their order. */
export function membersOf(declared: string): readonly string[] {
  return [...declared.matchAll(/'((?:[^'\\]|''|\\.)*)'/gs)].map(([, member = '']) =>
    member.replace(/''|\\(.)/gs, (pair, escaped?: string) =>
      escaped === undefined ? pair.slice(1) : (ESCAPES[escaped] ?? escaped),
    ),
  );
}

const SPATIAL = [
  'geometry',
  'point',
  'linestring',
  'polygon',
  'multipoint',
  'multilinestring',
  'multipolygon',
  'geomcollection',
  'geometrycollection',
];

/** Types whose values the driver would take apart, or whose text form is not all of them: read as hexadecimal digits. */
export function isReadAsHex(type: string): boolean {
  return SPATIAL.includes(type) || type === 'vector';
}

/** The name of a type out of its declaration: `varchar(20)` is a `varchar`. */
export function nativeName(declared: string): string {
  return /^[a-z0-9_]+/i.exec(declared)?.[0].toLowerCase() ?? '';
}
