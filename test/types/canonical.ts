/**
 * The one text of a value, from what databases show of it. Written for the comparison alone: nothing of it is shared
 * with the engine, whose mistakes it would repeat.
 */

/** What is no value of its kind: unlike everything else. */
function odd(shown: string): string {
  return `not readable: ${shown}`;
}

/** `1.10` and `1.1` are one number. */
export function decimal(shown: string): string {
  if (/^(NaN|-?Infinity)$/.test(shown)) return shown;
  const match = /^(-?)0*(\d+)(?:\.(\d+))?$/.exec(shown);
  if (match === null) return odd(shown);
  const [, sign = '', whole = '', fraction = ''] = match;
  // A pattern that is looked for from every zero on would take its time.
  let end = fraction.length;
  while (end > 0 && fraction[end - 1] === '0') end--;
  const kept = fraction.slice(0, end);
  const digits = kept === '' ? whole : `${whole}.${kept}`;
  return digits === '0' ? '0' : `${sign}${digits}`;
}

export function integer(shown: string): string {
  return /^(0|-?[1-9]\d*)$/.test(shown) ? shown : odd(shown);
}

export function bool(shown: string): string {
  return shown === '0' || shown === '1' ? shown : odd(shown);
}

/** Hexadecimal digits of the bytes. */
export function bytes(shown: string): string {
  return /^([\da-f]{2})*$/i.test(shown) ? shown.toLowerCase() : odd(shown);
}

/** All 64 bits, but one text for everything that is not a number. */
export function float64(number: number): string {
  if (Number.isNaN(number)) return 'NaN';
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, number);
  return view.getBigUint64(0).toString(16).padStart(16, '0');
}

/** All 32 bits of the number of single precision that is nearest. */
export function float32(number: number): string {
  if (Number.isNaN(number)) return 'NaN';
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, number);
  return view.getUint32(0).toString(16).padStart(8, '0');
}

/** The text that hexadecimal digits of its UTF-8 stand for; for values that are told by their text. */
export function textOf(hex: string): string {
  return /^([\da-f]{2})*$/i.test(hex) ? Buffer.from(hex, 'hex').toString('utf8') : odd(hex);
}

const MICROSECONDS_A_DAY = 86_400_000_000n;

/** Days since 2000-01-01, by the Gregorian calendar for all times. The year before 1 is 0 here. */
function daysOf(year: bigint, month: bigint, day: bigint): bigint {
  // Years that begin in March have their leap day at the end.
  const shifted = month > 2n ? year : year - 1n;
  const era = (shifted >= 0n ? shifted : shifted - 399n) / 400n;
  const ofEra = shifted - era * 400n;
  const ofYear = (153n * (month > 2n ? month - 3n : month + 9n) + 2n) / 5n + day - 1n;
  return era * 146_097n + ofEra * 365n + ofEra / 4n - ofEra / 100n + ofYear - 730_425n;
}

const DATE = /^(\d{4,})-(\d\d)-(\d\d)$/;

/** Days since 2000-01-01 of `2026-02-28`, `0044-03-15 BC` or infinity. */
export function date(shown: string): string {
  if (/^-?infinity$/.test(shown)) return shown;
  const isBefore = shown.endsWith(' BC');
  const [, year, month, day] = DATE.exec(isBefore ? shown.slice(0, -3) : shown) ?? [];
  if (year === undefined || month === undefined || day === undefined) return odd(shown);
  // Zero dates are dates of no calendar.
  if (month === '00' || day === '00') return `incomplete ${shown}`;
  return String(daysOf(isBefore ? 1n - BigInt(year) : BigInt(year), BigInt(month), BigInt(day)));
}

/** Microseconds of `12:34:56.789`, also of more than a day and of less than none. */
export function time(shown: string): string {
  const match = /^(-?)(\d{2,}):(\d\d):(\d\d)(?:\.(\d{1,6}))?$/.exec(shown);
  if (match === null) return odd(shown);
  const [, sign = '', hours = '', minutes = '', seconds = '', fraction = ''] = match;
  const whole = (BigInt(hours) * 60n + BigInt(minutes)) * 60n + BigInt(seconds);
  const all = whole * 1_000_000n + BigInt(fraction.padEnd(6, '0'));
  return String(sign === '-' ? -all : all);
}

/** Microseconds, and seconds east of Greenwich, of `12:00:00.5-03:30`. */
export function zonedTime(shown: string): string {
  const match = /^(.*)([-+])(\d\d)(?::(\d\d))?(?::(\d\d))?$/.exec(shown);
  if (match === null) return odd(shown);
  const [, clock = '', sign = '', hours = '', minutes = '0', seconds = '0'] = match;
  const offset = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds);
  return `${time(clock)} ${sign === '-' && offset > 0 ? '-' : ''}${offset}`;
}

/** Microseconds since 2000-01-01 of `2026-02-28 12:34:56.789`, with BC, or infinity. */
export function timestamp(shown: string): string {
  if (/^-?infinity$/.test(shown)) return shown;
  const era = shown.endsWith(' BC') ? ' BC' : '';
  const [day = '', clock = ''] = shown.slice(0, shown.length - era.length).split(' ');
  const [days, microseconds] = [date(`${day}${era}`), time(clock)];
  if (!/^-?\d+$/.test(days) || !/^\d+$/.test(microseconds)) return odd(shown);
  return String(BigInt(days) * MICROSECONDS_A_DAY + BigInt(microseconds));
}

/** The same of a moment that is written in UTC, as `2026-02-28 10:34:56+00`. */
export function moment(shown: string): string {
  if (/^-?infinity$/.test(shown)) return shown;
  return /\+00( BC)?$/.test(shown) ? timestamp(shown.replace('+00', '')) : odd(shown);
}

/** Months, days and microseconds of ISO 8601 as PostgreSQL writes it: `P1Y-2M3DT-4H-5M-6.789S`. */
export function interval(shown: string): string {
  const match = /^P(?:(-?\d+)Y)?(?:(-?\d+)M)?(?:(-?\d+)W)?(?:(-?\d+)D)?(?:T(.+))?$/.exec(shown);
  if (match === null) return odd(shown);
  const [, years = '0', months = '0', weeks = '0', days = '0', clock = ''] = match;
  const parts = /^(?:(-?\d+)H)?(?:(-?\d+)M)?(?:(-?)(\d+)(?:\.(\d{1,6}))?S)?$/.exec(clock);
  if (parts === null) return odd(shown);
  const [, hours = '0', minutes = '0', sign = '', seconds = '0', fraction = ''] = parts;
  const below = BigInt(seconds) * 1_000_000n + BigInt(fraction.padEnd(6, '0'));
  const above = (BigInt(hours) * 60n + BigInt(minutes)) * 60_000_000n;
  const fields = [
    BigInt(years) * 12n + BigInt(months),
    BigInt(weeks) * 7n + BigInt(days),
    above + (sign === '-' ? -below : below),
  ];
  return fields.join(' ');
}

/** 32 hexadecimal digits of `a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11`, in lower case. */
export function uuid(shown: string): string {
  return /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(shown) ? shown.replaceAll('-', '') : odd(shown);
}
