/** Which numbers of a column one of another type holds. */
import type { TypedColumn } from './bounds';
import { checked, EXACT, refused, widened, type Holding } from './holding';
import type { LogicalType } from './logical';

export function fromInt(
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

export function fromDecimal(
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

export function fromFloat(
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
