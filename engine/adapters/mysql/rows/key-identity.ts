/** A key as one text: equal exactly for keys whose values are the same, byte by byte. */
import type { Tuple, Value } from '../../../model';

/** With the length of each part, so that no text can hold what separates the parts. */
export function keyIdentity(key: Tuple): string {
  const [only = null, ...more] = key;
  if (more.length === 0) return textOf(only);
  return key
    .map(textOf)
    .map((part) => `${part.length}:${part}`)
    .join(' ');
}

function textOf(value: Value): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  return String(value);
}
