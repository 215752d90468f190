/**
 * A newest value that is older than one seen before. Nothing is missed by it as long as it was seen: looks of later times
 * are not gone by any more. But rows that nobody deleted don't become older by themselves, so it is told.
 */
import type { KeysetCapture, KeysetColumn, KeysetReader, NewestValue, PlanNotice } from '../../model';
import { duration } from '../../model';
import { lookbackOf, newestBy } from './horizon';
import type { KeysetPosition, LookMark, SetBack, TableMark } from './position';

/** A clock that is adjusted goes back by less. */
const LEAST_STEP_MS = 1_000;

/** How long it is told, by the database's clock. */
const TOLD_FOR_MS = 24 * 60 * 60 * 1_000;

export interface Compared {
  readonly column: KeysetColumn;
  /** As it was after the last window. */
  readonly mark: TableMark;
  /** Of now. */
  readonly newest: NewestValue | null;
}

/**
 * The tables whose newest value has gone back further than is looked back anyway, by name. The database compares: a row
 * that stands between the two of them is the proof. `former`: the look before this one.
 */
export async function findSetBacks(
  reader: KeysetReader,
  looks: { readonly now: LookMark; readonly former: LookMark | null },
  lookbackMs: number | null,
  tables: readonly Compared[],
): Promise<ReadonlyMap<string, SetBack>> {
  const step = (looks.former?.at ?? looks.now.at) - looks.now.at;
  const found = { at: looks.now.at, clockMs: step >= LEAST_STEP_MS ? step : null };
  const suspects = tables.flatMap(({ column, mark, newest }) => {
    const last = mark.sightings.at(-1);
    if (last === undefined || last.newest?.value === newest?.value) return [];
    const before = newestBy(mark.sightings, last.at - lookbackOf(looks.now, lookbackMs)) ?? null;
    return before === null ? [] : [{ column, before, newest }];
  });
  // Where there is no value any more, none has to be compared.
  const gone = suspects.filter(({ newest }) => newest === null).map(({ column }) => column.route.id);
  const back = new Set(gone);
  let left = suspects.flatMap(({ column, before, newest }) =>
    newest === null
      ? []
      : [
          {
            column,
            from: { value: newest.value, inclusive: true },
            before: { value: before.value, inclusive: true },
            after: null,
          },
        ],
  );
  while (left.length > 0) {
    const pages = await reader.read(left, left.length);
    for (const [index, { rows }] of pages.entries()) {
      const id = left[index]?.column.route.id;
      if (rows.length > 0 && id !== undefined) back.add(id);
    }
    left = left.slice(pages.length);
  }
  return new Map([...back].map((id) => [id, found]));
}

/** Null once it was long ago, however the clock was set meanwhile. */
export function stillTold(setBack: SetBack | null, now: number): SetBack | null {
  return setBack === null || Math.abs(now - setBack.at) > TOLD_FOR_MS ? null : setBack;
}

/** Tables that a notice names; a status is kept round for round. */
const MOST_NAMED = 20;

/** What there is to say of these tables at a position: one notice, however many they are. */
export function setBackNotices(
  { tables }: KeysetPosition,
  names: readonly string[],
  { by, column, sweepMs }: Pick<KeysetCapture, 'by' | 'column' | 'sweepMs'>,
): readonly PlanNotice[] {
  const told = names.flatMap((table) => {
    const setBack = tables[table]?.setBack ?? null;
    // Where deletes are compared, the newest row may be deleted like any other: a clock that went back tells more.
    return setBack === null || (sweepMs !== null && setBack.clockMs === null) ? [] : [{ table, setBack }];
  });
  const [first, ...others] = told;
  if (first === undefined) return [];
  // Of several, the one in which the clock went back furthest tells most.
  const most = others.reduce(
    (one, { setBack }) => ((setBack.clockMs ?? 0) > (one.clockMs ?? 0) ? setBack : one),
    first.setBack,
  );
  const message = textOf(most, by, column);
  if (others.length === 0) return [{ table: first.table, message }];
  return [{ table: null, message: `In ${listed(told.map(({ table }) => table))}: ${message}` }];
}

function listed(tables: readonly string[]): string {
  const named = tables.slice(0, MOST_NAMED).join(', ');
  const more = tables.length - MOST_NAMED;
  return more > 0 ? `${named} and ${String(more)} more` : named;
}

function textOf({ at, clockMs }: SetBack, by: KeysetColumn['by'], column: string): string {
  const time = new Date(at).toISOString().replace('T', ' ').slice(0, 16);
  const [other, source] =
    by === 'timestamp'
      ? (['times', 'the clock stepped back'] as const)
      : (['versions', 'what versions are taken from went back'] as const);
  return (
    `The newest value of ${column} is older than one seen before (seen at ${time} UTC): rows were deleted or given ` +
    `other ${other}, ${source}, or the database was restored from a backup.` +
    (clockMs === null
      ? ''
      : ` The clock of the database went back by ${duration(clockMs)} between two looks.`) +
    ' Unless rows were deleted, set right what it was, then run `cdc verify NAME --repair`; after a restore `cdc resync NAME`.'
  );
}
