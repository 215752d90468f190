/** Numbers by their digits. */

/** A number without exponent, sign of zero or zeros at its ends, so that equal numbers are equal texts; null for none. */
export function plainNumber(text: string): string | null {
  const match = /^([-+]?)(\d+)(?:\.(\d+))?(?:e([-+]?\d{1,4}))?$/i.exec(text);
  if (match === null) return null;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const digits = whole + fraction;
  const point = whole.length + Number(exponent);
  const integer = point <= 0 ? '' : digits.slice(0, point).padEnd(point, '0');
  const rest = point <= 0 ? '0'.repeat(-point) + digits : digits.slice(point);
  const [before, after] = [integer.replace(/^0+/, ''), trimmed(rest)];
  if (before === '' && after === '') return '0';
  return `${sign === '-' ? '-' : ''}${before}.${after}`;
}

/** Without zeros at the end. A pattern that is looked for from every zero on would take its time. */
function trimmed(fraction: string): string {
  let end = fraction.length;
  while (end > 0 && fraction[end - 1] === '0') end--;
  return fraction.slice(0, end);
}
