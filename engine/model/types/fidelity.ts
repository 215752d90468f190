/** What becomes of a column's values on the target, told before the first of them is read. */
import { SPECIAL_WORDS, type ColumnBounds, type SpecialValue, type TypedColumn } from './bounds';
import { isSameDeclared } from './equality';
import { amongDynamic, fromDynamic, isStoredAs, strictTypeOf, toDynamic } from './fidelity-dynamic';
import { fromDecimal, fromFloat, fromInt } from './fidelity-numbers';
import { checked, EXACT, nameOf, refused, widened, type Holding } from './holding';
import type { LogicalType } from './logical';

/** `sameFamily`: declared types mean the same on both sides. */
export function fidelityOf(source: TypedColumn, target: TypedColumn, sameFamily: boolean): Holding {
  if (sameFamily && isSameDeclared(source, target)) {
    if (sameMembers(source.type, target.type)) return boundedBy(EXACT, source, target);
    if (source.type.kind === 'array') return checked(`members that ${nameOf(target)} lacks`);
  }
  const byType = compareTypes(source, target);
  return byType.fidelity === 'refused' ? byType : boundedBy(byType, source, target);
}

function sameMembers(one: LogicalType, other: LogicalType): boolean {
  if (one.kind === 'array' && other.kind === 'array') return sameMembers(one.of, other.of);
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
  if (takes.bytes !== undefined && isLonger(has, takes) && !fitsLetters(source.type, takes.bytes)) {
    lacking.push(`more than ${takes.bytes.toLocaleString('en-US')} bytes`);
  }
  if (takes.only !== undefined && takes.only !== has.only) lacking.push(`anything but ${takes.only}`);
  return [...lacking, ...untold];
}

/** Whether a value may have too many bytes: of the same character set as they are, else as UTF-8. */
function isLonger(has: ColumnBounds, takes: ColumnBounds): boolean {
  const isSame = has.encoding?.name === takes.encoding?.name;
  const [, most] = isSame ? AS_THEY_ARE : (has.encoding?.inUtf8 ?? AS_THEY_ARE);
  const [least] = isSame ? AS_THEY_ARE : (takes.encoding?.inUtf8 ?? AS_THEY_ARE);
  return (has.bytes ?? Infinity) * most > (takes.bytes ?? Infinity) * least;
}

const AS_THEY_ARE: readonly [number, number] = [1, 1];

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
  if (from.kind === 'dynamic') {
    if (to.kind === 'dynamic') return amongDynamic(from, to, source, target);
    const only = strictTypeOf(from);
    return only === null ? fromDynamic(source, target) : compareTypes({ ...source, type: only }, target);
  }
  if (to.kind === 'dynamic') {
    return to.strict === true && !isStoredAs(from, to) ? refused(source, target) : toDynamic(from, to);
  }
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
      return fromText(source, target);
    case 'enum':
      return fromEnum(source, target);
    case 'json':
    case 'date':
    case 'time':
    case 'timestamp':
    case 'interval':
    case 'uuid':
      return sameKind(source, target);
    case 'array':
      return refused(source, target);
    case 'other':
      return isTextLike(source, target)
        ? checked(`what ${nameOf(target)} can't read`)
        : refused(source, target);
  }
}

/** Types of their own that hold texts of one kind, digits or any. */
function isTextLike({ bounds: has }: TypedColumn, { bounds: takes }: TypedColumn): boolean {
  return has?.keepsTexts === true && takes?.keepsTexts === true && has.asDigits === takes.asDigits;
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
      if (to.length < leastLetters(from)) {
        return {
          fidelity: 'refused',
          reason: `a text of ${to.length} letters is too short for any ${nameOf(source)}`,
        };
      }
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
    case 'uuid':
      return 36;
    case 'decimal':
      return (type.precision ?? Infinity) + 3;
    case 'bool':
    case 'text':
    case 'bytes':
    case 'interval':
    case 'json':
    case 'enum':
    case 'array':
    case 'dynamic':
    case 'other':
      return Infinity;
  }
}

/** Of the shortest one, infinities aside. */
function leastLetters(type: LogicalType): number {
  switch (type.kind) {
    case 'uuid':
      return 36;
    case 'date':
      return 10;
    case 'time':
      return type.zone ? 11 : 8;
    case 'timestamp':
      return type.zone ? 22 : 19;
    case 'int':
    case 'float':
    case 'decimal':
    case 'bool':
    case 'text':
    case 'bytes':
    case 'interval':
    case 'json':
    case 'enum':
    case 'array':
    case 'dynamic':
    case 'other':
      return 1;
  }
}

function longest(from: number | null, to: number | null, what: string): Holding {
  if (from === to) return EXACT;
  if (to === null || (from !== null && from < to)) return widened('longer values fit, too');
  return checked(`more than ${to.toLocaleString('en-US')} ${what}`);
}

function fromText(source: TypedColumn, target: TypedColumn): Holding {
  const to = target.type;
  if (to.kind === 'enum') return checked(`texts that are no member of ${nameOf(target)}`);
  if (to.kind === 'decimal') return checked('texts that are no number');
  return READ_FROM_TEXTS.includes(to.kind) || target.bounds?.keepsTexts === true
    ? checked(`texts that ${nameOf(target)} can't read`)
    : refused(source, target);
}

const READ_FROM_TEXTS: readonly LogicalType['kind'][] = [
  'date',
  'time',
  'timestamp',
  'interval',
  'json',
  'uuid',
];

function fromEnum(source: TypedColumn, target: TypedColumn): Holding {
  const { type: to, bounds } = target;
  const isSet = to.kind === 'other' && bounds?.keepsTexts === true && bounds.asDigits !== true;
  return to.kind === 'enum' || isSet
    ? checked(`texts that are no member of ${nameOf(target)}`)
    : refused(source, target);
}

/** Kinds that only a column of the same kind takes, dates and timestamps aside. */
function sameKind(source: TypedColumn, target: TypedColumn): Holding {
  const from = source.type;
  const to = target.type;
  if (from.kind === 'timestamp' && to.kind === 'date') return checked('times of day');
  if (from.kind === 'date' && to.kind === 'timestamp' && !to.zone) return widened('as midnight');
  if (from.kind !== to.kind) return refused(source, target);
  if (from.kind === 'json' && to.kind === 'json' && to.parsed === true && from.parsed !== true) {
    return checked('repeated members');
  }
  if (
    (from.kind === 'time' || from.kind === 'timestamp') &&
    (to.kind === 'time' || to.kind === 'timestamp')
  ) {
    if (from.zone === to.zone) return EXACT;
    if (from.kind === 'time') return refused(source, target);
    return widened(from.zone ? 'in UTC' : 'taken as UTC');
  }
  return EXACT;
}
