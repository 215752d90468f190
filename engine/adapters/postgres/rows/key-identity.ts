/** A key as one text: equal exactly for keys that the server writes alike. */
import type { TextRow } from '../database';

/** With the length of each part, so that no text can hold what separates the parts. */
export function keyIdentity(key: TextRow): string {
  const [only, ...more] = key;
  if (more.length === 0) return only ?? '';
  return key.map((part) => (part === null ? 'n' : `${part.length}:${part}`)).join(' ');
}
