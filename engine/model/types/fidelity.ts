/** What becomes of a column's values on the target, told before the first of them is read. */
import { SPECIAL_WORDS, type SpecialValue, type TypedColumn } from './bounds';
import { isSameDeclared } from './equality';
import type { LogicalType } from './logical';

/**
 * `exact`: the same values in a column of the same meaning. `widened`: all values, in a column that holds more or shows
 * them otherwise. `checked`: a value may not fit; each is looked at, and one that doesn't is set aside, never altered.
 * `lossy`: as `checked`, but altered to fit, because the configuration says so by name. `refused`: no value would fit.
 */
export type Fidelity = 'exact' | 'widened' | 'checked' | 'lossy' | 'refused';

export interface Holding {
  readonly fidelity: Fidelity;
  /** How values are shown where that differs, or which of them may not fit; null for `exact`. */
  readonly reason: string | null;
}

const EXACT: Holding = { fidelity: 'exact', reason: null };

function widened(reason: string): Holding {
  return { fidelity: 'widened', reason };
}

function checked(what: string): Holding {
  return { fidelity: 'checked', reason: `may not fit: ${what}` };
}

/** What the two types alone say; `bounds` are looked at afterwards. */
function refused(source: TypedColumn, target: TypedColumn): Holding {
  return { fidelity: 'refused', reason: `${nameOf(target)} holds no value of ${nameOf(source)}` };
}

function nameOf({ declaredType }: TypedColumn): string {
  return declaredType === '' ? 'a column without a type' : declaredType;
}

/** `sameFamily`: declared types mean the same on both sides. */
export function fidelityOf(source: TypedColumn, target: TypedColumn, sameFamily: boolean): Holding {
  if (sameFamily && isSameDeclared(source, target) && sameMembers(source.type, target.type)) {
    return boundedBy(EXACT, source, target);
  }
  const byType = compareTypes(source, target);
  return byType.fidelity === 'refused' ? byType : boundedBy(byType, source, target);
}

function sameMembers(one: LogicalType, other: LogicalType): boolean {
  if (one.kind !== 'enum' || other.kind !== 'enum') return true;
  return one.members.every((member) => other.members.includes(member));
}

/** Adds what the bounds of the columns take away. */
function boundedBy(found: Holding, source: TypedColumn, target: TypedColumn): Holding {
  const lacking = lackingOf(source, target);
  if (lacking.length === 0) return found;
  const before = found.fidelity === 'checked' ? (found.reason?.replace(/^may not fit: /, '') ?? '') : '';
  return checked([...(before === '' ? [] : [before]), ...lacking].join('; '));
}

/** What the source's column may hold and the target's does not, in words. */
function lackingOf(source: TypedColumn, target: TypedColumn): readonly string[] {
  const { bounds: has } = source;
  const { bounds: takes } = target;
  const none = source.nullable === true && target.nullable === false ? ['NULL'] : [];
  const untold = [...(has?.untold === undefined ? [] : [has.untold]), ...none];
  if (has === undefined || takes === undefined) return untold;
  const lacking = has.specials
    .filter((special) => !takes.specials.includes(special) && !isCarried(special, target.type))
    .map((special) => SPECIAL_WORDS[special]);
  if (has.fraction !== undefined && takes.fraction !== undefined && has.fraction > takes.fraction) {
    lacking.push(`fractions of a second beyond ${takes.fraction} digits`);
  }
  if (
    takes.bytes !== undefined &&
    (has.bytes ?? Infinity) > takes.bytes &&
    !fitsLetters(source.type, takes.bytes)
  ) {
    lacking.push(`more than ${takes.bytes.toLocaleString('en-US')} bytes`);
  }
  if (takes.only !== undefined && takes.only !== has.only) lacking.push(`anything but ${takes.only}`);
  return [...lacking, ...untold];
}

/** Whether a column that holds texts holds the value as one. */
function isCarried(special: SpecialValue, type: LogicalType): boolean {
  const isText = type.kind === 'text' || (type.kind === 'dynamic' && type.affinity === 'text');
  return isText && !ONLY_IN_TEXTS.includes(special);
}

const ONLY_IN_TEXTS: readonly SpecialValue[] = ['U+0000', 'invalid UTF-8', 'all letters'];

const LETTER_BYTES = 4;

function fitsLetters(type: LogicalType, bytes: number): boolean {
  if (type.kind === 'text') return type.length !== null && type.length * LETTER_BYTES <= bytes;
  if (type.kind === 'bytes') return type.length !== null && type.length <= bytes;
  return type.kind !== 'json' && type.kind !== 'array' && type.kind !== 'other' && type.kind !== 'dynamic';
}

function compareTypes(source: TypedColumn, target: TypedColumn): Holding {
  const from = source.type;
  const to = target.type;
  // Values of SQLite have types of their own.
  if (from.kind === 'dynamic') return fromDynamic(from, source, target);
  if (to.kind === 'dynamic') return toDynamic(from, to);
  if (to.kind === 'array') return refused(source, target);
  if (to.kind === 'text') return toText(source, to);
  switch (from.kind) {
    case 'bool':
      if (to.kind === 'bool') return EXACT;
      return to.kind === 'int' ? widened('as 0 and 1') : refused(source, target);
    case 'int':
      return fromInt(from, source, target);
    case 'decimal':
      return fromDecimal(from, source, target);
    case 'float':
      return fromFloat(from, source, target);
    case 'bytes':
      if (to.kind !== 'bytes') return refused(source, target);
      return longest(from.length, to.length, 'bytes');
    case 'text':
    case 'enum':
      return fromText(source, target);
    case 'json':
    case 'date':
    case 'time':
    case 'timestamp':
    case 'interval':
    case 'uuid':
      return sameKind(source, target);
    case 'array':
    case 'other':
      return isRead(target) ? checked(`what ${nameOf(target)} can't read`) : refused(source, target);
  }
}

/** Types whose values arrive as texts, which the database itself reads. */
function isRead({ type, bounds }: TypedColumn): boolean {
  if (type.kind === 'other') return bounds?.keepsTexts === true;
  return ['interval', 'json', 'uuid', 'enum'].includes(type.kind);
}

function toText(source: TypedColumn, to: Extract<LogicalType, { kind: 'text' }>): Holding {
  const from = source.type;
  switch (from.kind) {
    case 'text':
      return longest(from.length, to.length, 'letters');
    case 'enum': {
      const most = Math.max(0, ...from.members.map((member) => Array.from(member).length));
      return most <= (to.length ?? Infinity)
        ? widened('as text')
        : checked(`texts of more than ${to.length} letters`);
    }
    case 'bool':
    case 'bytes':
      return { fidelity: 'refused', reason: `a text holds no value of ${nameOf(source)}` };
    case 'uuid':
      return (to.length ?? Infinity) >= 36
        ? widened('as text')
        : checked('all of them: the text is too short');
    case 'int':
    case 'decimal':
    case 'float':
    case 'date':
    case 'time':
    case 'timestamp':
    case 'interval':
    case 'json':
    case 'array':
    case 'other':
    case 'dynamic':
      if (to.length === null || to.length >= mostLetters(from)) return widened('as text');
      return checked(`texts of more than ${to.length} letters`);
  }
}

/** Letters of the longest value in its text form. */
function mostLetters(type: LogicalType): number {
  switch (type.kind) {
    case 'int':
      return 20;
    case 'float':
    case 'date':
    case 'time':
    case 'timestamp':
      return 32;
    case 'decimal':
      return (type.precision ?? Infinity) + 3;
    case 'bool':
    case 'text':
    case 'bytes':
    case 'interval':
    case 'json':
    case 'uuid':
    case 'enum':
    case 'array':
    case 'dynamic':
    case 'other':
      return Infinity;
  }
}

function longest(from: number | null, to: number | null, what: string): Holding {
  if (from === to) return EXACT;
  if (to === null || (from !== null && from < to)) return widened('longer values fit, too');
  return checked(`more than ${to.toLocaleString('en-US')} ${what}`);
}

function fromInt(
  from: Extract<LogicalType, { kind: 'int' }>,
  source: TypedColumn,
  target: TypedColumn,
): Holding {
  const to = target.type;
  if (to.kind === 'int') {
    if (from.bits === to.bits && from.signed === to.signed) return EXACT;
    // A sign takes one of the bits.
    const holds = from.signed
      ? to.signed && to.bits >= from.bits
      : to.bits >= from.bits + (to.signed ? 1 : 0);
    if (holds) return widened('larger numbers fit, too');
    return checked(`numbers beyond ${to.bits} bits ${to.signed ? 'with' : 'without'} a sign`);
  }
  if (to.kind === 'decimal') {
    const whole = wholeDigits(to);
    return whole >= INT_DIGITS[from.bits]
      ? widened('as a decimal')
      : checked(`numbers of more than ${whole} digits`);
  }
  if (to.kind === 'float') {
    const bits = to.bits === 32 ? 24 : 53;
    if (from.bits <= bits) return widened('as a floating point number');
    return checked(`whole numbers that ${bits} bits don't hold`);
  }
  return to.kind === 'bool' ? checked('numbers other than 0 and 1') : refused(source, target);
}

/** Digits of the longest number, with a sign or without. */
const INT_DIGITS = { 8: 3, 16: 5, 24: 8, 32: 10, 64: 20 } as const;

/** Before the point. */
function wholeDigits({ precision, scale }: Extract<LogicalType, { kind: 'decimal' }>): number {
  return precision === null ? Infinity : precision - (scale ?? 0);
}

function fromDecimal(
  from: Extract<LogicalType, { kind: 'decimal' }>,
  source: TypedColumn,
  target: TypedColumn,
): Holding {
  const to = target.type;
  if (to.kind === 'int') return checked(`fractions, and numbers beyond ${to.bits} bits`);
  if (to.kind === 'float') return checked(`numbers that ${to.bits} bits don't hold exactly`);
  if (to.kind !== 'decimal') return refused(source, target);
  const [had, has] = [from.scale ?? 0, to.scale ?? 0];
  if (from.precision === to.precision && had === has) return EXACT;
  if (to.precision === null) return widened('more digits fit, too');
  if (wholeDigits(from) <= wholeDigits(to) && had <= has) return widened('more digits fit, too');
  return checked(`more than ${wholeDigits(to)} digits before or ${has} after the point`);
}

function fromFloat(
  from: Extract<LogicalType, { kind: 'float' }>,
  source: TypedColumn,
  target: TypedColumn,
): Holding {
  const to = target.type;
  if (to.kind === 'decimal') return checked('numbers with more digits than the column has');
  if (to.kind !== 'float') return refused(source, target);
  if (from.bits === to.bits) return EXACT;
  return to.bits === 64
    ? widened('more digits fit, too')
    : checked("numbers that 32 bits don't hold exactly");
}

function fromText(source: TypedColumn, target: TypedColumn): Holding {
  const to = target.type;
  if (to.kind === 'enum') return checked(`texts that are no member of ${nameOf(target)}`);
  if (to.kind === 'decimal') return checked('texts that are no number');
  const isTime = to.kind === 'date' || to.kind === 'time' || to.kind === 'timestamp';
  return isTime || isRead(target)
    ? checked(`texts that ${nameOf(target)} can't read`)
    : refused(source, target);
}

/** Kinds that only a column of the same kind takes, or one that reads texts. */
function sameKind(source: TypedColumn, target: TypedColumn): Holding {
  const from = source.type;
  const to = target.type;
  if (from.kind === 'timestamp' && to.kind === 'date') return checked('times of day');
  if (from.kind === 'date' && to.kind === 'timestamp') return checked('dates without a time of day');
  if (from.kind !== to.kind) {
    return from.kind !== 'date' && to.kind === 'other' && isRead(target)
      ? checked(`what ${nameOf(target)} can't read`)
      : refused(source, target);
  }
  if (from.kind === 'json' && to.kind === 'json' && to.parsed === true && from.parsed !== true) {
    return checked('repeated members');
  }
  if (
    (from.kind === 'time' || from.kind === 'timestamp') &&
    (to.kind === 'time' || to.kind === 'timestamp')
  ) {
    if (from.zone === to.zone) return EXACT;
    if (from.kind === 'time') return checked(`times that ${nameOf(target)} can't read`);
    // PostgreSQL's own would drop the zone unseen.
    if (from.zone && target.declaredType.startsWith('timestamp')) return checked('times with a zone');
    return widened(from.zone ? 'in UTC' : 'taken as UTC');
  }
  return EXACT;
}

/** Into a column of SQLite: `fidelityOf` looks at what else its rules convert. */
function toDynamic(
  from: Exclude<LogicalType, { kind: 'dynamic' }>,
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

/** A declared type of SQLite says what should be there, unless its table is STRICT. */
function fromDynamic(
  { affinity, strict }: Extract<LogicalType, { kind: 'dynamic' }>,
  source: TypedColumn,
  target: TypedColumn,
): Holding {
  const to = target.type;
  if (to.kind === 'dynamic') {
    if (to.affinity === affinity) return EXACT;
    return to.affinity === 'blob'
      ? widened('values of any kind fit')
      : checked(`what ${nameOf(target)} converts`);
  }
  if (to.kind === 'array' || (to.kind === 'other' && !isRead(target))) return refused(source, target);
  if (strict !== true) return checked(`values of another kind than ${nameOf(target)}`);
  const typed = strictTypes[affinity];
  return typed === null
    ? checked(`values of another kind than ${nameOf(target)}`)
    : compareTypes({ ...source, type: typed }, target);
}

/** What a column of a STRICT table holds; one of ANY holds anything. */
const strictTypes: Readonly<
  Record<Extract<LogicalType, { kind: 'dynamic' }>['affinity'], LogicalType | null>
> = {
  integer: { kind: 'int', bits: 64, signed: true },
  real: { kind: 'float', bits: 64 },
  text: { kind: 'text', length: null },
  blob: { kind: 'bytes', length: null },
  numeric: null,
};
