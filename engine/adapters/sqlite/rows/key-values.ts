/** Keys that came as values of the engine, as they are bound: text that no JavaScript string holds gets its bytes back. */
import type { CursorValue, Tuple } from '../../../model';
import { bytesOfComparable } from './exact-rows';

export function keyValues(key: Tuple): readonly CursorValue[] {
  return key.map((value): CursorValue => {
    if (typeof value === 'boolean') return BigInt(value);
    const invalid = typeof value === 'string' ? bytesOfComparable(value) : null;
    return invalid === null ? value : { rawText: invalid.bytes };
  });
}
