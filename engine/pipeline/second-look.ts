/**
 * The second look of a comparison: what differs is looked at again when the pipeline has passed what was read of the
 * source, so that what is on its way is never taken for a difference.
 *
 * The source's rows of the suspected keys are read, then its newest position is asked for: it covers all that was read.
 * Once the checkpoint covers it, the target holds these rows or later ones. A key whose row the source still has then,
 * while the target has another, really differs. Between two reads a row may have gone away and come back, and the target
 * have shown what it was meanwhile: so where anything was written, a difference counts if the next look finds the same.
 * A row that changes faster than it can be looked at counts as equal if the target has what the log says it was meanwhile.
 */
import { rowOf } from '../apply';
import { isCdcError } from '../errors';
import type { ErrorCode } from '../errors';
import { routeOnTarget } from '../model';
import type { Cursor, RowDifference, ScanResult, TableRoute, Tuple } from '../model';
import { keyIn } from './compare-ranges';
import type { Sides, Suspect } from './compare-ranges';
import type { PipelineContext } from './context';
import { sameValue } from './likeness';
import type { Likeness, Side } from './likeness';
import { createPassing } from './passing';
import type { PassingOptions } from './passing';
import { statesSince } from './states-since';

/** How often a row that goes on changing is looked at. */
const MOST_LOOKS = 10;

/** Keys in one statement. */
const KEYS_AT_ONCE = 100;

export interface Settled {
  readonly differences: readonly RowDifference[];
  /** Rows that changed at each look. */
  readonly unsettled: number;
  /** Rows that only the target has, where these are kept. */
  readonly kept: number;
  /** Why the pipeline could not be waited for, so that what differs may be on its way; null where it could. */
  readonly because: string | null;
}

export interface SecondLookOptions extends PassingOptions {
  /** Rows that only the target has are no differences. */
  readonly keeps: boolean;
}

export type SecondLook = (route: TableRoute, suspects: readonly Suspect[]) => Promise<Settled>;

export function createSecondLook(
  context: PipelineContext,
  sides: Sides,
  { keeps, ...options }: SecondLookOptions,
): SecondLook {
  const { source } = sides;
  const passing = createPassing(context, source, options);
  return async (route, suspects) => {
    const differences: RowDifference[] = [];
    const gone = keeps ? await keptOf(route, suspects) : { kept: 0, rest: suspects };
    let { kept } = gone;
    let open = gone.rest;
    const likeness = sides.likenessOf(route);
    const identityOf = (suspect: Suspect): string => identityIn(likeness, suspect);
    let before = new Map<string, Pair>();
    const found = (suspect: Suspect, pair: Pair): void => {
      // It was deleted since we looked for what is kept.
      if (keeps && pair.source === null) kept += pair.target === null ? 0 : 1;
      else differences.push(...differenceOf(likeness, route, suspect, pair));
    };
    for (let look = 1; open.length > 0 && look <= MOST_LOOKS; look++) {
      const start = await source.head();
      const first = await sourceRows(route, open);
      const because = await passing(route, await source.head());
      const there = await targetRows(route, open);
      const pairOf = (suspect: Suspect): Pair => ({
        source: first.get(identityOf(suspect)) ?? null,
        target: there.get(identityOf(suspect)) ?? null,
      });
      if (because !== null) {
        for (const suspect of open) found(suspect, pairOf(suspect));
        return { differences, unsettled: 0, kept, because };
      }
      const second = await sourceRows(route, open);
      const atRest = await source.covers(start, await source.head());
      const left = open.filter((suspect) => {
        const { source: was, target: has } = pairOf(suspect);
        return !isSame(likeness, was, has) && !isSame(likeness, second.get(identityOf(suspect)) ?? null, has);
      });
      const changes = (suspect: Suspect): boolean =>
        !isUnchanged(pairOf(suspect).source, second.get(identityOf(suspect)) ?? null);
      const wasMeanwhile = left.some(changes) ? await statesSince(sides, route, start) : () => false;
      const doubtful = new Map<string, Pair>();
      open = left.filter((suspect) => {
        const pair = pairOf(suspect);
        const identity = identityOf(suspect);
        if (changes(suspect)) return !wasMeanwhile(identity, pair.target);
        if (atRest || isAsBefore(before.get(identity), pair)) {
          found(suspect, pair);
          return false;
        }
        doubtful.set(identity, pair);
        return true;
      });
      before = doubtful;
    }
    return { differences, unsettled: open.length, kept, because: null };
  };

  /** Rows that the source has not any more need not be waited for: whatever is on its way, they stay. */
  async function keptOf(route: TableRoute, keys: readonly Suspect[]) {
    const likeness = sides.likenessOf(route);
    const here = await sourceRows(route, keys);
    const rest: Suspect[] = [];
    const absent: Suspect[] = [];
    for (const suspect of keys) {
      (here.has(identityIn(likeness, suspect)) ? rest : absent).push(suspect);
    }
    return { kept: absent.length === 0 ? 0 : (await targetRows(route, absent)).size, rest };
  }

  function sourceRows(route: TableRoute, keys: readonly Suspect[]) {
    const cursors = keys.map(({ key }) => source.cursorOf(key));
    return readRows(sides, 'source', route, { ...route, table: route.source.name, keys: cursors });
  }

  function targetRows(route: TableRoute, keys: readonly Suspect[]) {
    const cursors = keys.map(({ targetKey }) => source.cursorOf(targetKey));
    const { target: table, columns, key } = routeOnTarget(route);
    return readRows(sides, 'target', route, { table, columns, key, keys: cursors, where: null });
  }
}

/** What only the target has was read there, and is spelled as there. */
function identityIn(likeness: Likeness, { kind, key, targetKey }: Suspect): string {
  return kind === 'extra' ? likeness.keyIdentity('target', targetKey) : likeness.keyIdentity('source', key);
}

/** The rows of one key. */
interface Pair {
  readonly source: Tuple | null;
  readonly target: Tuple | null;
}

async function readRows(
  sides: Sides,
  side: Side,
  route: TableRoute,
  {
    table,
    columns,
    key,
    where,
    keys: all,
  }: Pick<TableRoute, 'columns' | 'key' | 'where'> & {
    readonly table: TableRoute['target'];
    readonly keys: readonly Cursor[];
  },
): Promise<ReadonlyMap<string, Tuple>> {
  const likeness = sides.likenessOf(route);
  const rows = new Map<string, Tuple>();
  for (let from = 0; from < all.length; from += KEYS_AT_ONCE) {
    const some = all.slice(from, from + KEYS_AT_ONCE);
    const scan = (keys: readonly Cursor[]): Promise<ScanResult> =>
      sides[side].scan({ table, columns, key, after: null, upTo: null, limit: null, keys, where });
    const found = side === 'source' ? (await scan(some)).rows : await heldRows(some, scan);
    for (const { row } of found) rows.set(likeness.keyIdentity(side, keyIn(route, row)), row);
  }
  return rows;
}

/** A key that the columns of a target can't hold, because it was set aside, stands in none of its rows. */
async function heldRows(
  keys: readonly Cursor[],
  scan: (keys: readonly Cursor[]) => Promise<ScanResult>,
): Promise<ScanResult['rows']> {
  try {
    return (await scan(keys)).rows;
  } catch (error) {
    if (!isCdcError(error) || !UNHELD.includes(error.code)) throw error;
    if (keys.length < 2) return [];
    const half = Math.ceil(keys.length / 2);
    return [...(await heldRows(keys.slice(0, half), scan)), ...(await heldRows(keys.slice(half), scan))];
  }
}

/** What databases and adapters say of such a key. */
const UNHELD: readonly ErrorCode[] = ['TYPE_MISMATCH', 'POSITION_INVALID'];

/** None where the two count as equal. */
function differenceOf(
  likeness: Likeness,
  route: TableRoute,
  { key }: Suspect,
  { source, target }: Pair,
): readonly RowDifference[] {
  if (isSame(likeness, source, target)) return [];
  const about = { table: route.id, key: rowOf(route.key, key) };
  if (source === null || target === null) {
    const kind = source === null ? 'extra' : 'missing';
    return [{ ...about, kind, columns: [], source: rowIn(route, source), target: rowIn(route, target) }];
  }
  const places = route.columns.flatMap((_, place) =>
    likeness.sameValue(place, source[place] ?? null, target[place]) ? [] : [place],
  );
  const columns = places.map((place) => route.columns[place] ?? '');
  const valuesOf = (row: Tuple) =>
    rowOf(
      columns,
      places.map((place) => row[place] ?? null),
    );
  return [{ ...about, kind: 'different', columns, source: valuesOf(source), target: valuesOf(target) }];
}

function rowIn({ columns }: TableRoute, row: Tuple | null) {
  return row === null ? null : rowOf(columns, row);
}

function isSame(likeness: Likeness, source: Tuple | null, target: Tuple | null): boolean {
  return source === null || target === null ? source === target : likeness.sameRows(source, target);
}

/** Two reads of one side. */
function isUnchanged(one: Tuple | null, other: Tuple | null): boolean {
  if (one === null || other === null) return one === other;
  return one.every((value, column) => sameValue(value, other[column]));
}

function isAsBefore(before: Pair | undefined, now: Pair): boolean {
  if (before === undefined) return false;
  return isUnchanged(before.source, now.source) && isUnchanged(before.target, now.target);
}
