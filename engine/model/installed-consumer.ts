/** The consumer that `Source.install` records. */
import type { Consumer } from './checkpoint';
import type { Position } from './position';
import type { NewConsumer } from './source';

/** `kept`: the one that was there, which keeps its position; without one it starts at `head`. */
export function installedConsumer(
  { uuid, name, now }: NewConsumer,
  kept: Consumer | null,
  head: Position,
  tables: readonly string[],
): Consumer {
  const consumed = sortedNames(tables);
  if (kept !== null) return { ...kept, name, tables: consumed };
  return { uuid, name, seq: 0, position: head, suspended: false, updatedAt: now, tables: consumed };
}

/** True when a consumer consumes just these tables. */
export function consumesJust({ tables }: Consumer, wanted: readonly string[]): boolean {
  return JSON.stringify(tables) === JSON.stringify(sortedNames(wanted));
}

/** Byte by byte, which is the same everywhere. */
function sortedNames(tables: readonly string[]): readonly string[] {
  return [...tables].sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
}
