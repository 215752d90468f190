/** Positions of timestamp and version capture: how far each table has been read, and what was open then. */
import { CdcError } from '../../errors';
import { asPosition } from '../../model';
import type { Cursor, KeysetBound, NewestValue, Position } from '../../model';

/** When a look was taken, and since when what was open then may have been writing. */
export interface LookMark {
  /** Milliseconds since 1970 on the database's clock. */
  readonly at: number;
  /** By id; null where the database has never told. */
  readonly open: Readonly<Record<string, number>> | null;
  /** True when the database did not tell: then `open` is what was open before. */
  readonly blind: boolean;
}

/** The newest value of a column at a look. */
export interface Sighting {
  readonly at: number;
  readonly newest: NewestValue | null;
}

/** Rows as a number that tells whether they are the same, and how many they are. */
export interface Digest {
  readonly count: number;
  readonly sum: number;
}

/** Of a pass whose rows nobody remembers, and of none: no rows have it. */
export const UNKNOWN: Digest = { count: -1, sum: 0 };

/** A column's name and declared type. */
export type ColumnMark = readonly [name: string, type: string];

export interface TableMark extends Digest {
  /** The columns that were read: others mean another past. Null before the first pass. */
  readonly shape: string | null;
  /** Names and types of all columns as they were at setup; absent once some were read. */
  readonly begun?: readonly ColumnMark[];
  /** Rows may still turn up from here on; null: anywhere. The digest is of the rows from here on, as they were read. */
  readonly from: KeysetBound | null;
  /** Ascending. */
  readonly sightings: readonly Sighting[];
  /** Null, or absent, where the newest value has not gone back of late. */
  readonly setBack?: SetBack | null;
}

/** That the newest value of a column went back. */
export interface SetBack {
  /** When that was seen, milliseconds since 1970 on the database's clock. */
  readonly at: number;
  /** By how much this clock itself went back at the time, milliseconds; null where it did not. */
  readonly clockMs: number | null;
}

/** How far a table has been read in a window that is not over. */
export interface PassMark extends Digest {
  /** `whole`: from the mark on. `front`: from the newest value of before. */
  readonly kind: 'whole' | 'front';
  readonly newest: NewestValue | null;
  /** Where the next pass will begin. */
  readonly next: KeysetBound | null;
  /** Rows below `next` are read first. */
  readonly part: 'old' | 'new' | 'done';
  readonly after: Cursor | null;
}

export interface WindowMark {
  readonly look: LookMark;
  readonly passes: Readonly<Record<string, PassMark>>;
}

export interface KeysetPosition {
  readonly look: LookMark | null;
  /** Of the last look after which all tables were read from their marks on; null: not yet. */
  readonly wholeAt: number | null;
  /** By display name. */
  readonly tables: Readonly<Record<string, TableMark>>;
  /** Null between windows. */
  readonly window: WindowMark | null;
}

const FORM = 'keyset1';

export function encodeKeyset(position: KeysetPosition): Position {
  return asPosition(JSON.stringify({ form: FORM, ...position }));
}

/** Throws POSITION_INVALID for what `encodeKeyset` did not make: the pipeline captured otherwise before. */
export function decodeKeyset(position: Position): KeysetPosition {
  try {
    const parsed: unknown = JSON.parse(position);
    if (isKeyset(parsed)) return parsed;
  } catch {
    // Said below.
  }
  throw new CdcError('POSITION_INVALID', 'The position was not written by capture by a column');
}

/** The form alone is looked at: nobody else writes what bears it. */
function isKeyset(parsed: unknown): parsed is KeysetPosition {
  return typeof parsed === 'object' && parsed !== null && 'form' in parsed && parsed.form === FORM;
}

export function sameDigest(one: Digest, other: Digest): boolean {
  return one.count === other.count && one.sum === other.sum;
}

export function sameBound(one: KeysetBound | null, other: KeysetBound | null): boolean {
  if (one === null || other === null) return one === other;
  return one.value === other.value && one.inclusive === other.inclusive;
}
