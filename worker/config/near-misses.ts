/** "Did you mean …" in the messages about `cdc.yaml` and the command line. */
import { nearMisses } from '../../engine/capture/near-misses';

/** `; did you mean "a" or "b"?`, or nothing when no candidate is near. */
export function didYouMean(name: string, candidates: Iterable<string>): string {
  const near = nearMisses(name, [...candidates])
    // With very short names everything is near; at least one letter must be the same.
    .filter((candidate) =>
      Array.from(candidate.toLowerCase()).some((letter) => name.toLowerCase().includes(letter)),
    )
    .map((candidate) => `"${candidate}"`);
  return near.length === 0 ? '' : `; did you mean ${near.join(' or ')}?`;
}
