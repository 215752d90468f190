/** A type with a comma inside of { } without quotes: YAML ends the value there, and makes a key of the rest. */

/** What is said of such a key; null for any other. */
export function restOfType(path: readonly (string | number)[]): string | null {
  const key = path.at(-1);
  const isRest =
    path[2] === 'tables' && path[4] === 'types' && typeof key === 'string' && /^[^(]*\)/.test(key);
  return isRest ? 'a type with a comma needs quotes inside of { }: "decimal(10,2)"' : null;
}
