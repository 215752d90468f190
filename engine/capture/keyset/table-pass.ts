/** A table's pass while rows are being read: which of them are changes, and what is known of the table afterwards. */
import type { KeysetColumn, KeysetPage, KeysetRange, KeysetRow, Pending } from '../../model';
import { emptyContents } from './contents';
import type { Memory } from './memory';
import { nextPart, rangeOf } from './passes';
import { sameDigest, UNKNOWN } from './position';
import type { PassMark, TableMark } from './position';

export interface TablePass {
  readonly column: KeysetColumn;
  /** False where nobody remembers the rows of before: only at the end it shows whether something has changed. */
  readonly isSure: boolean;
  /** What is to be read next; null when the pass is done. */
  readonly range: () => KeysetRange | null;
  /** Takes what was read of the range. Answers the rows that are changes. */
  readonly take: (page: KeysetPage) => readonly KeysetRow[];
  /** The changes among what was taken; of a dry one as many as it keeps. */
  readonly changes: () => readonly KeysetRow[];
  /** All changes among what was taken. */
  readonly pending: () => Pending;
  /** As it is now. */
  readonly pass: () => PassMark;
  /** Remembers the rows behind the digest of `pass`; of the mark, where they are its own still. */
  readonly remember: () => void;
}

export interface PassOpening {
  readonly memory: Memory;
  readonly column: KeysetColumn;
  readonly begun: PassMark;
  /** Of the table before the pass. */
  readonly mark: TableMark;
  /** What is read is not applied: it does not become what is known. */
  readonly dry: boolean;
  /** Of a dry one: as many changes are kept, the others only counted. */
  readonly keep: number;
}

export function openPass({ memory, column, begun, mark, dry, keep }: PassOpening): TablePass {
  const { id } = column.route;
  const isFront = begun.kind === 'front';
  const isFresh = begun.after === null && (isFront || begun.count === 0);
  // A pass between two whole ones adds to what is known; a whole one begins anew.
  const known = memory.contents(id, isFront ? begun : mark);
  const gathered = isFront
    ? dry
      ? null
      : known
    : isFresh
      ? emptyContents()
      : memory.contents(partOf(id), begun);
  // Compared with the mark where nobody remembers its rows: as many that come to the same are the same.
  const all = known === null && isFresh && begun.kind === 'whole' ? emptyContents() : null;
  const changes: KeysetRow[] = [];
  let count = 0;
  let oldestChangedAt: number | null = null;
  let pass = begun;
  const isUnchanged = (): boolean => all !== null && pass.part === 'done' && sameDigest(all.digest, mark);
  return {
    column,
    isSure: known !== null,
    range: () => rangeOf(column, pass, mark),
    take({ rows, ended, after }) {
      const found: KeysetRow[] = [];
      for (const row of rows) {
        if (known?.holds(row) !== true) {
          found.push(row);
          if (row.changedAt !== null)
            oldestChangedAt = Math.min(oldestChangedAt ?? row.changedAt, row.changedAt);
          if (!dry || changes.length < keep) changes.push(row);
        }
        if (pass.part === 'new') gathered?.put(row);
        all?.put(row);
      }
      count += found.length;
      pass = { ...pass, ...(gathered?.digest ?? UNKNOWN), after: after ?? pass.after };
      if (ended) pass = nextPart(pass);
      return found;
    },
    changes: () => (isUnchanged() ? [] : changes),
    pending: () => (isUnchanged() ? { count: 0, oldestChangedAt: null } : { count, oldestChangedAt }),
    pass: () => pass,
    remember() {
      if (dry) {
        if (all !== null && isUnchanged()) memory.keep(id, all);
      } else if (gathered !== null) memory.keep(pass.part === 'done' || isFront ? id : partOf(id), gathered);
    },
  };
}

/** Under which a pass that is not over is remembered; no table has this name. */
function partOf(id: string): string {
  return `${id}\u0000`;
}
