/** Types of PostgreSQL as logical types. */
import type { ColumnBounds, LogicalType } from '../../../model';
import { HEADER, intervalModifier, TYPES, type TypeEntry } from './type-table';

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

function elementType({ name, builtIn, modifier, members, declared }: NativeType): LogicalType {
  if (members !== null) return { kind: 'enum', members };
  return entryOf(name, builtIn)?.type(modifier) ?? { kind: 'other', native: declared };
}

function entryOf(name: string, builtIn: boolean): TypeEntry | undefined {
  return builtIn && Object.hasOwn(TYPES, name) ? TYPES[name] : undefined;
}

/** Types without an entry of their own that show every text they take as it came. */
const KEEPS_TEXTS: readonly string[] = ['citext', 'xml', 'ltree'];

/** What a type holds besides; null for one of whose values nothing more is known. */
export function boundsOf({ name, builtIn, isArray, modifier, members }: NativeType): ColumnBounds | null {
  if (isArray) return null;
  if (members !== null) return { specials: ['all letters'] };
  if (KEEPS_TEXTS.includes(name)) return { specials: ['all letters'], keepsTexts: true };
  return entryOf(name, builtIn)?.bounds(modifier) ?? null;
}

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

/** An interval of some fields; the last is the smallest. */
const INTERVAL_FIELDS = /^interval (?:\w+ to )?(year|month|day|hour|minute|second)$/;

/** A type as it is written in a statement, e.g. `numeric(10,2)`, `timestamp(3) with time zone`, `text[]`. */
export function parseType(declared: string): NativeType {
  const isArray = /(\[\d*\])+$/.test(declared);
  const element = declared.replace(/(\[\d*\])+$/, '');
  const match = /^([^()]+?) *(?:\( *(\d+) *(?:, *(-?\d+) *)?\))?( with(?:out)? time zone)?$/i.exec(
    element.trim(),
  );
  const written = `${match?.[1] ?? element}${match?.[4] ?? ''}`.toLowerCase().replaceAll(/\s+/g, ' ');
  const fields = INTERVAL_FIELDS.exec(written);
  const name = fields === null ? (CATALOG_NAMES[written] ?? written) : 'interval';
  const [first, second] = [match?.[2], match?.[3]].map((digits) =>
    digits === undefined ? null : Number(digits),
  );
  return {
    name,
    builtIn: true,
    isArray,
    modifier:
      name === 'interval'
        ? intervalModifier(fields?.[1] ?? null, first ?? null)
        : modifierOf(name, first ?? null, second ?? 0),
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
