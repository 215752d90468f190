/** Columns of SQLite, whose values have types of their own, on either side. */
import type { TypedColumn } from './bounds';
import { checked, EXACT, nameOf, refused, widened, type Holding } from './holding';
import type { LogicalType } from './logical';

type Dynamic = Extract<LogicalType, { kind: 'dynamic' }>;

/** Into a column of SQLite: `fidelityOf` looks at what else its rules convert. */
export function toDynamic(
  from: Exclude<LogicalType, Dynamic>,
  { affinity }: Extract<LogicalType, { kind: 'dynamic' }>,
): Holding {
  const numeric = affinity === 'integer' || affinity === 'numeric';
  switch (from.kind) {
    case 'bool':
      return affinity === 'text' ? checked('all values: they would be texts') : widened('as 0 and 1');
    case 'int': {
      const unsigned64 = from.bits === 64 && !from.signed;
      if (affinity === 'text') return widened('as text');
      if (unsigned64) return checked('numbers of 2^63 and more');
      if (affinity === 'real')
        return from.bits > 32
          ? checked("whole numbers that 53 bits don't hold")
          : widened('as a floating point number');
      return EXACT;
    }
    case 'float':
      if (affinity === 'text') return checked('numbers of more than 15 digits');
      return affinity === 'integer' ? checked('nothing but whole numbers stay as they are') : EXACT;
    case 'bytes':
      return affinity === 'blob' ? EXACT : widened('as bytes');
    case 'text':
    case 'enum':
      return numeric || affinity === 'real'
        ? checked('texts that look like numbers')
        : from.kind === 'text'
          ? EXACT
          : widened('as text');
    case 'decimal':
      return numeric || affinity === 'real' ? checked('numbers of more than 15 digits') : widened('as text');
    case 'date':
    case 'time':
    case 'timestamp':
    case 'interval':
    case 'json':
    case 'uuid':
    case 'array':
    case 'other':
      return numeric || affinity === 'real' ? checked('texts that look like numbers') : widened('as text');
  }
}

/** Whether a column of a STRICT table stores values of a type at all. */
export function isStoredAs({ kind }: LogicalType, { affinity }: Dynamic): boolean {
  if (kind === 'bytes' || affinity === 'blob') return kind === 'bytes' && affinity === 'blob';
  if (affinity === 'text') return kind !== 'bool';
  return kind === 'bool' || kind === 'int' || kind === 'decimal' || kind === 'float';
}

/** From SQLite to SQLite a value of another class is another value. */
export function amongDynamic(from: Dynamic, to: Dynamic, source: TypedColumn, target: TypedColumn): Holding {
  const other = checked(`values of another kind than ${nameOf(target)}`);
  if (to.affinity === from.affinity) return to.strict === true && from.strict !== true ? other : EXACT;
  if (to.strict === true) return from.strict === true ? refused(source, target) : other;
  if (to.affinity === 'blob') return widened('values of any kind fit');
  const isConverted =
    from.strict === true &&
    ((from.affinity === 'integer' && to.affinity !== 'numeric') ||
      (from.affinity === 'real' && to.affinity === 'text'));
  return isConverted ? refused(source, target) : checked(`what ${nameOf(target)} converts`);
}

/** A declared type of SQLite says what should be there, unless its table is STRICT. */
export function fromDynamic(source: TypedColumn, target: TypedColumn): Holding {
  const { type: to, bounds } = target;
  const holdsNone = to.kind === 'array' || (to.kind === 'other' && bounds?.keepsTexts !== true);
  if (holdsNone) return refused(source, target);
  const limits = limitsOf(source.type, target);
  return checked([`values of another kind than ${nameOf(target)}`, ...limits].join('; '));
}

/** What is of the right kind and yet too much for a column; `bounds.bytes` are looked at by `fidelityOf`. */
function limitsOf(from: LogicalType, { type: to, bounds }: TypedColumn): readonly string[] {
  switch (to.kind) {
    case 'int':
      if (to.bits === 64 && to.signed) return [];
      return [`numbers beyond ${to.bits} bits ${to.signed ? 'with' : 'without'} a sign`];
    case 'decimal': {
      const { precision } = to;
      const scale = to.scale ?? 0;
      if (precision === null) return [];
      return [`more than ${precision - scale} digits before or ${scale} after the point`];
    }
    case 'float':
      if (to.bits === 32) return ["numbers that 32 bits don't hold exactly"];
      // A column of REAL makes doubles of whole numbers itself.
      return from.kind === 'dynamic' && from.affinity === 'real'
        ? []
        : ["whole numbers that 53 bits don't hold"];
    case 'text':
      return to.length === null ? [] : [`more than ${to.length.toLocaleString('en-US')} letters`];
    case 'bytes':
      return to.length === null ? [] : [`more than ${to.length.toLocaleString('en-US')} bytes`];
    case 'time':
    case 'timestamp':
      return bounds?.fraction === undefined ? [] : [`fractions of a second beyond ${bounds.fraction} digits`];
    case 'bool':
    case 'date':
    case 'interval':
    case 'json':
    case 'uuid':
    case 'enum':
    case 'array':
    case 'other':
    case 'dynamic':
      return [];
  }
}

/** What alone the column holds, in a STRICT table; null where it may hold anything. */
export function strictTypeOf({ affinity, strict }: Dynamic): LogicalType | null {
  return strict === true ? STRICT_TYPES[affinity] : null;
}

/** A column of ANY holds anything. */
const STRICT_TYPES: Readonly<Record<Dynamic['affinity'], LogicalType | null>> = {
  integer: { kind: 'int', bits: 64, signed: true },
  real: { kind: 'float', bits: 64 },
  text: { kind: 'text', length: null },
  blob: { kind: 'bytes', length: null },
  numeric: null,
};
