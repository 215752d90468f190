/** Numbers in one spelling, with all their digits. */

/** Beyond so many places before or behind the point a number is written with an exponent, so that it stays short. */
const MOST_PLACES = 400;

/**
 * A decimal number without exponent, plus sign and zeros that say nothing; any other text as it is. Of zero the sign is
 * kept.
 */
export function canonicalNumber(text: string): string {
  // As most are.
  if (text.length <= MOST_PLACES && /^(?:-?[1-9]\d*|-?0|-?(?:[1-9]\d*|0)\.\d*[1-9])$/.test(text)) return text;
  const match = /^([-+]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:e([-+]?\d{1,9}))?$/i.exec(text);
  if (match === null) return text;
  const [, sign, whole = '', fraction = match[4] ?? '', , exponent = '0'] = match;
  const minus = sign === '-' ? '-' : '';
  const written = (whole + fraction).replace(/^0+/, '');
  const digits = withoutLastZeros(written);
  if (digits === '') return `${minus}0`;
  const places = Number(exponent) - fraction.length + written.length - digits.length;
  if (Math.abs(places) > MOST_PLACES) return `${minus}${digits}e${String(places)}`;
  if (places >= 0) return minus + digits + '0'.repeat(places);
  const padded = digits.padStart(1 - places, '0');
  return `${minus}${padded.slice(0, places)}.${padded.slice(places)}`;
}

/** Digits up to the last that is not zero. A pattern would begin anew at each zero inside. */
export function withoutLastZeros(digits: string): string {
  let end = digits.length;
  while (digits[end - 1] === '0') end -= 1;
  return digits.slice(0, end);
}

/** As `canonicalNumber`, where zero has no sign. */
export function canonicalDecimal(text: string): string {
  const number = canonicalNumber(text);
  return number === '-0' ? '0' : number;
}
