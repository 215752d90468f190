/** Numbers, bytes and JSON as SQL has them, with all their digits. */
import { withoutLastZeros } from '../../../model';

/** Beyond it bytes are written in a form that is half as long. */
const LONG_BYTES = 65_536;

export function bytesLiteral(value: Uint8Array): string {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return bytes.length > LONG_BYTES
    ? `FROM_BASE64('${bytes.toString('base64')}')`
    : `X'${bytes.toString('hex')}'`;
}

/** With an exponent it is a double from the start, and not a decimal that is rounded to one. */
export function doubleLiteral(value: number): string {
  return Object.is(value, -0) ? '-0e0' : value.toExponential();
}

/** A decimal number without exponent and without zeros at its end; null for what is none. */
export function plainDecimal(text: string): string | null {
  // As most are: nothing to be left out, and no zero with a sign.
  if (/^(?:-?[1-9]\d*|0|-?(?:[1-9]\d*|0)\.\d*[1-9])$/.test(text)) return text;
  const match = /^([-+]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:e([-+]?\d{1,4}))?$/i.exec(text);
  if (match === null) return null;
  const [, sign = '', whole = '', fraction = match[4] ?? '', , exponent = '0'] = match;
  const shift = Number(exponent);
  const digits = whole + fraction;
  const point = whole.length + shift;
  const integer = point <= 0 ? '' : digits.slice(0, point).padEnd(point, '0');
  const rest = point <= 0 ? '0'.repeat(-point) + digits : digits.slice(point);
  const kept = withoutLastZeros(rest);
  const number = `${integer.replace(/^0+/, '') || '0'}${kept === '' ? '' : `.${kept}`}`;
  return sign === '-' && number !== '0' ? `-${number}` : number;
}

/** Digits of a second's fraction, zeros at its end not counted. */
export function fractionDigits(text: string): number {
  return withoutLastZeros(/\.(\d+)/.exec(text)?.[1] ?? '').length;
}

export function isJsonText(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
