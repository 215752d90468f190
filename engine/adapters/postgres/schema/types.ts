/** Types of PostgreSQL as logical types. */
import type { LogicalType } from '../../../model';

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
      return { kind: 'json' };
    case 'jsonb':
      return { kind: 'json', parsed: true };
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
