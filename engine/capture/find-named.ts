/** Names on the other side: some databases fold case, others tell `User` and `user` apart. */

/** What has this very name; else what has it but for case. */
export function findNamed<T>(
  items: readonly T[],
  nameOf: (item: T) => string,
  wanted: string,
): T | undefined {
  const folded = wanted.toLowerCase();
  return (
    items.find((item) => nameOf(item) === wanted) ??
    items.find((item) => nameOf(item).toLowerCase() === folded)
  );
}
