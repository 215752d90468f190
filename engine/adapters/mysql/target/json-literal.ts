/**
 * JSON for a column of MySQL's own type. It keeps numbers as integers of 64 bits, as doubles or as decimals, and takes those
 * of a text for one of the first two: what either would change is put in its place as a decimal.
 */
import { jsonTokens, memberName } from '../../../model';
import { quoteText } from '../database';
import { plainDecimal } from './literals';

/** Where a value stands: in an object after its last key, in an array after as many others. */
type Place = { keys: Set<string>; key: string; awaitsKey: boolean } | { index: number };

/** `json` has to be JSON. Null where it has a number that no decimal holds either, or a member twice: the last one would stay. */
export function jsonLiteral(json: string): string | null {
  const places: Place[] = [];
  const decimals: string[] = [];
  for (const token of jsonTokens(json)) {
    const place = places.at(-1);
    if (token === '{') places.push({ keys: new Set(), key: '', awaitsKey: true });
    else if (token === '[') places.push({ index: 0 });
    else if (token === '}' || token === ']') places.pop();
    else if (token === ',' && place !== undefined) {
      if ('index' in place) place.index += 1;
      else place.awaitsKey = true;
    } else if (token.startsWith('"')) {
      if (place === undefined || 'index' in place || !place.awaitsKey) continue;
      const name = memberName(token);
      if (place.keys.has(name)) return null;
      place.keys.add(name);
      place.key = token;
      place.awaitsKey = false;
    } else if (token !== ':' && !isKept(token)) {
      const decimal = decimalOf(token);
      if (decimal === null) return null;
      decimals.push(quoteText(pathOf(places)), decimal);
    }
  }
  return decimals.length === 0
    ? quoteText(json)
    : `JSON_REPLACE(${[quoteText(json), ...decimals].join(', ')})`;
}

function pathOf(places: readonly Place[]): string {
  return `$${places.map((place) => ('index' in place ? `[${place.index}]` : `.${place.key}`)).join('')}`;
}

/** True for a number that is the same, and is shown alike, as an integer or as a double. */
function isKept(text: string): boolean {
  if (/^-?\d+$/.test(text)) {
    const whole = BigInt(text);
    if (whole >= -(2n ** 63n) && whole < 2n ** 64n) return true;
  }
  if (/\.\d*0$/.test(text) && !text.endsWith('.0')) return false;
  return plainDecimal(text) === plainDecimal(String(Number(text)));
}

function decimalOf(text: string): string | null {
  const plain = /e/i.test(text) ? plainDecimal(text) : text;
  const [, whole = '', fraction = ''] = /^-?(\d+)(?:\.(\d+))?$/.exec(plain ?? '') ?? [];
  const digits = whole.length + fraction.length;
  if (whole === '' || digits > 65 || fraction.length > 30) return null;
  return `CAST('${plain}' AS DECIMAL(${digits},${fraction.length}))`;
}
