/** A key as one text: equal exactly for keys of the same storage classes and contents. */
import type { Tuple, Value } from '../../../model';

/**
 * Spellings that a collation takes for equal have different identities. That is on purpose: a change of spelling is
 * logged as delete and insert, deletes are applied first, and so it comes out right on targets that tell the
 * spellings apart and on those that don't.
 */
export function keyIdentity(key: Tuple): string {
  return key.map(part).join(' ');
}

function part(value: Value): string {
  if (value === null) return 'n';
  if (typeof value === 'bigint') return `i${value}`;
  // -0.0 and 0.0 are the same key to every index.
  if (typeof value === 'number') return `r${value === 0 ? 0 : value}`;
  // With its length, so that no text can hold what separates the parts.
  if (typeof value === 'string') return `t${value.length}:${value}`;
  if (typeof value === 'boolean') return value ? 'i1' : 'i0';
  return `b${Buffer.from(value).toString('hex')}`;
}
