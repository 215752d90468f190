/** The column types that tables get which are made for another kind of database. */
import type { LogicalType, TypedColumn } from '../../../model';

/** A type that holds every value of a column as it comes; null where PostgreSQL has none. */
export function nativeType({ type, declaredType }: TypedColumn): string | null {
  return type.kind === 'dynamic' ? dynamicType(type.affinity, declaredType) : staticType(type);
}

function staticType(type: Exclude<LogicalType, { kind: 'dynamic' }>): string | null {
  switch (type.kind) {
    case 'bool':
      return 'boolean';
    case 'int':
      return integerType(type.bits, type.signed);
    case 'decimal':
      return type.precision === null ? 'numeric' : `numeric(${type.precision},${type.scale ?? 0})`;
    case 'float':
      return type.bits === 32 ? 'real' : 'double precision';
    case 'text':
      // MySQL has a VARCHAR(0), PostgreSQL none.
      return (type.length ?? 0) === 0 ? 'text' : `character varying(${type.length})`;
    case 'bytes':
      return 'bytea';
    case 'date':
      return 'date';
    case 'time':
      return type.zone ? 'time with time zone' : 'time without time zone';
    case 'timestamp':
      return type.zone ? 'timestamp with time zone' : 'timestamp without time zone';
    case 'interval':
      return 'interval';
    case 'json':
      // `jsonb` would lose the order of members, repeated ones and the spelling of numbers.
      return 'json';
    case 'uuid':
      return 'uuid';
    case 'enum':
    case 'other':
      return 'text';
    case 'array': {
      const element = type.of.kind === 'dynamic' ? null : staticType(type.of);
      return element === null ? null : `${element}[]`;
    }
  }
}

function integerType(bits: number, signed: boolean): string {
  // The next larger one holds what has no sign; only 64 bits have none.
  if (bits < 16 || (bits === 16 && signed)) return 'smallint';
  if (bits < 32 || (bits === 32 && signed)) return 'integer';
  return bits < 64 || signed ? 'bigint' : 'numeric(20,0)';
}

/**
 * SQLite types values, not columns. A declared type says what should be there, and a value that is something else is
 * refused by name. What looks like a date stays text: SQLite has no type for it, and its texts have many forms.
 */
function dynamicType(
  affinity: Extract<LogicalType, { kind: 'dynamic' }>['affinity'],
  declared: string,
): string {
  switch (affinity) {
    case 'integer':
      return 'bigint';
    case 'real':
      return 'double precision';
    case 'text':
      return 'text';
    case 'blob':
      // Without a declared type anything may be there: as text all but bytes is readable.
      return /blob/i.test(declared) ? 'bytea' : 'text';
    case 'numeric':
      if (/^bool/i.test(declared)) return 'boolean';
      return /date|time/i.test(declared) ? 'text' : 'numeric';
  }
}
