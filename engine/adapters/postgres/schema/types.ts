/** Types of PostgreSQL as logical types. */
import type { ColumnBounds, LogicalType, SpecialValue } from '../../../model';

/** A type as the catalog describes it, domains unwrapped. */
export interface NativeType {
  /** Name in `pg_type`; of the element for an array. */
  readonly name: string;
  /** True for a type of the system's own schema. */
  readonly builtIn: boolean;
  readonly isArray: boolean;
  /** -1 where the declaration says no more than the name. */
  readonly modifier: number;
  /** Members of an enum in their order; null for anything else. */
  readonly members: readonly string[] | null;
  /** As declared, for a type that has no entry of its own. */
  readonly declared: string;
}

export function logicalTypeOf(type: NativeType): LogicalType {
  return type.isArray ? { kind: 'array', of: elementType(type) } : elementType(type);
}

/** Modifiers of lengths hold four bytes more. */
const HEADER = 4;

function elementType({ name, builtIn, modifier, members, declared }: NativeType): LogicalType {
  if (members !== null) return { kind: 'enum', members };
  const other: LogicalType = { kind: 'other', native: declared };
  if (!builtIn) return other;
  switch (name) {
    case 'bool':
      return { kind: 'bool' };
    case 'int2':
      return { kind: 'int', bits: 16, signed: true };
    case 'int4':
      return { kind: 'int', bits: 32, signed: true };
    case 'int8':
      return { kind: 'int', bits: 64, signed: true };
    case 'numeric':
      return decimalType(modifier);
    case 'float4':
      return { kind: 'float', bits: 32 };
    case 'float8':
      return { kind: 'float', bits: 64 };
    case 'text':
      return { kind: 'text', length: null };
    case 'varchar':
    case 'bpchar':
      return { kind: 'text', length: modifier < HEADER ? null : modifier - HEADER };
    case 'bytea':
      return { kind: 'bytes', length: null };
    case 'date':
      return { kind: 'date' };
    case 'time':
    case 'timetz':
      return { kind: 'time', zone: name === 'timetz' };
    case 'timestamp':
    case 'timestamptz':
      return { kind: 'timestamp', zone: name === 'timestamptz' };
    case 'interval':
      return { kind: 'interval' };
    case 'json':
    case 'jsonb':
      return { kind: 'json' };
    case 'uuid':
      return { kind: 'uuid' };
    default:
      return other;
  }
}

function decimalType(modifier: number): LogicalType {
  if (modifier < HEADER) return { kind: 'decimal', precision: null, scale: null };
  const packed = modifier - HEADER;
  // The scale has eleven bits and a sign.
  const scale = ((packed & 0x7ff) ^ 1024) - 1024;
  return { kind: 'decimal', precision: (packed >> 16) & 0xffff, scale };
}

/** Dates and times reach from 4713 BC to 294276, and to both infinities. */
const ANY_YEAR: readonly SpecialValue[] = ['infinity', 'years before 1', 'years after 9999'];

/** What a type holds besides; null for one of whose values nothing more is known. */
export function boundsOf(type: NativeType): ColumnBounds | null {
  const { name, builtIn, isArray, modifier, members } = type;
  if (isArray || (!builtIn && members === null)) return null;
  if (members !== null) return { specials: ['all letters'] };
  switch (name) {
    case 'numeric':
      // With a precision there is no infinity.
      return { specials: modifier < HEADER ? ['NaN', 'infinity'] : ['NaN'] };
    case 'float4':
    case 'float8':
      return { specials: ['NaN', 'infinity', 'negative zero'] };
    case 'text':
    case 'varchar':
    case 'json':
    case 'jsonb':
      return { specials: ['all letters'] };
    case 'bpchar':
      return modifier < HEADER
        ? { specials: ['all letters'] }
        : { specials: ['all letters'], only: `texts of exactly ${modifier - HEADER} letters` };
    case 'date':
      return { specials: ANY_YEAR };
    case 'time':
    case 'timetz':
      return { specials: ['24:00'], fraction: modifier < 0 ? MOST_FRACTION : modifier };
    case 'timestamp':
    case 'timestamptz':
      return { specials: ANY_YEAR, fraction: modifier < 0 ? MOST_FRACTION : modifier };
    default:
      return { specials: [] };
  }
}

/** Digits of a second's fraction. */
const MOST_FRACTION = 6;

/** Names that people write, by those of the catalog. */
const CATALOG_NAMES: Readonly<Record<string, string>> = {
  boolean: 'bool',
  smallint: 'int2',
  int: 'int4',
  integer: 'int4',
  bigint: 'int8',
  decimal: 'numeric',
  real: 'float4',
  float: 'float8',
  'double precision': 'float8',
  'character varying': 'varchar',
  character: 'bpchar',
  char: 'bpchar',
  'time without time zone': 'time',
  'time with time zone': 'timetz',
  'timestamp without time zone': 'timestamp',
  'timestamp with time zone': 'timestamptz',
};

/** A type as it is written in a statement, e.g. `numeric(10,2)`, `timestamp(3) with time zone`, `text[]`. */
export function parseType(declared: string): NativeType {
  const isArray = /(\[\d*\])+$/.test(declared);
  const element = declared.replace(/(\[\d*\])+$/, '');
  const match = /^([^()]+?) *(?:\( *(\d+) *(?:, *(-?\d+) *)?\))?( with(?:out)? time zone)?$/i.exec(
    element.trim(),
  );
  const written = `${match?.[1] ?? element}${match?.[4] ?? ''}`.toLowerCase().replaceAll(/\s+/g, ' ');
  const name = CATALOG_NAMES[written] ?? written;
  const [first, second] = [match?.[2], match?.[3]].map((digits) =>
    digits === undefined ? null : Number(digits),
  );
  return {
    name,
    builtIn: true,
    isArray,
    modifier: modifierOf(name, first ?? null, second ?? 0),
    members: null,
    declared,
  };
}

/** As the catalog packs lengths and precisions. */
function modifierOf(name: string, first: number | null, second: number): number {
  if (name === 'bpchar') return (first ?? 1) + HEADER;
  if (first === null) return -1;
  if (name === 'numeric') return ((first << 16) | (second & 0x7ff)) + HEADER;
  return name === 'varchar' ? first + HEADER : first;
}

/** The logical side of a type as it is written. */
export function describeType(declared: string): {
  readonly type: LogicalType;
  readonly bounds?: ColumnBounds;
} {
  const native = parseType(declared);
  const bounds = boundsOf(native);
  return { type: logicalTypeOf(native), ...(bounds === null ? {} : { bounds }) };
}
