/** What an attempt leaves to do: changes that wait, tables that are not with the others, keys that are to be read again. */
import type { Checkpoint, Pending, PlanNotice, Position, Source, TableCheckpoint, Target } from '../model';
import type { Claim } from './claim';
import { isTableFailure, stragglersOf } from './isolation';
import { hasKeysToRead } from './keys-again';
import { countPending } from './pending';
import type { RoutesOf } from './source-view';

export interface Rest {
  /** Null where a table keeps them from being counted: the next attempt parks it. */
  readonly pending: Pending | null;
  /** Keys that a repair or a sweep has marked, or dead letters that are to be retried. */
  readonly keys: boolean;
  /** True when there is nothing of all this. */
  readonly isNothing: boolean;
}

interface RestContext {
  readonly source: Source;
  readonly target: Target;
  readonly routesOf: RoutesOf;
}

/** `position`: how far has been read. Throws the databases' codes. */
export async function restOf(
  { source, target, routesOf }: RestContext,
  { checkpoint, tables, letters }: Claim,
  position: Position,
): Promise<Rest> {
  const pending = await countPending(source, position, tables, routesOf).catch((error: unknown) => {
    if (isTableFailure(error)) return null;
    throw error;
  });
  const keys = await hasKeysToRead(target, checkpoint.uuid, tables, letters);
  const together =
    stragglersOf(tables).length === 0 && tables.every((table) => table.state !== 'snapshotting');
  return { pending, keys, isNothing: pending?.count === 0 && !keys && together };
}

/** Notices that are told; a status is kept round for round. */
const MOST_NOTICES = 20;

/** What was noticed while reading the source, each table from where it stands; beyond a number only how much more. */
export function noticedIn(
  source: Source,
  { checkpoint, tables }: { readonly checkpoint: Checkpoint; readonly tables: readonly TableCheckpoint[] },
): readonly PlanNotice[] {
  if (source.noticed === undefined) return [];
  const noticed = source.noticed.bind(source);
  const common = tables.filter(({ position }) => position === null).map((table) => table.source);
  const all = [
    ...noticed(checkpoint.position, common),
    ...tables.flatMap(({ source: table, position }) => (position === null ? [] : noticed(position, [table]))),
  ];
  const more = all.length - MOST_NOTICES;
  if (more <= 0) return all;
  const rest = { table: null, message: `There are ${String(more)} more notices, of other tables.` };
  return [...all.slice(0, MOST_NOTICES), rest];
}
