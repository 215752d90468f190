/** Suggestions for a misspelt name. */

/** Levenshtein distance, case ignored. */
function distance(a: string, b: string): number {
  const left = a.toLowerCase();
  const right = b.toLowerCase();
  let previous = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const substitution = (previous[column - 1] ?? 0) + (left[row - 1] === right[column - 1] ? 0 : 1);
      current.push(Math.min(substitution, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[right.length] ?? 0;
}

/** Up to three of `candidates` that a person may have meant by `name`, the nearest first. */
export function nearMisses(name: string, candidates: readonly string[]): readonly string[] {
  const limit = Math.max(2, Math.floor(name.length / 3));
  return candidates
    .map((candidate) => ({ candidate, distance: distance(name, candidate) }))
    .filter(
      (entry) => entry.distance <= limit || entry.candidate.toLowerCase().endsWith(`.${name.toLowerCase()}`),
    )
    .sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, 3)
    .map((entry) => entry.candidate);
}

/** A hint that names the near misses, or else says how to find the right name. */
export function nearMissHint(name: string, candidates: readonly string[], otherwise: string): string {
  const near = nearMisses(name, candidates);
  return near.length === 0 ? otherwise : `Did you mean ${near.map((miss) => `"${miss}"`).join(' or ')}?`;
}
