/** What an attempt has done so far, for its result and its heartbeats. Counts and names only. */
import { choiceOf, displayName } from '../model';
import type { CopyProgress, ReplicateResult, StagedChunk, TableCheckpoint, TableProgress } from '../model';
import type { Copies } from './copy-progress';
import type { LetterCounts } from './letters';

interface Count {
  inserted: number;
  updated: number;
  deleted: number;
  snapshotRows: number;
}

export interface Totals {
  add(chunk: StagedChunk, atomicCut: boolean): void;
  /** Something happened to a table that no count shows. */
  touch(table: string): void;
  /** `ending` adds what is only known at a point in time. */
  result(
    tables: readonly TableCheckpoint[],
    letters: LetterCounts,
    copies: Pick<Copies, 'of' | 'all'>,
    ending: TotalsEnding,
  ): ReplicateResult;
}

export type TotalsEnding = Pick<
  ReplicateResult,
  'caughtUp' | 'reachedGoal' | 'backlog' | 'lagMs' | 'noticed'
>;

export function startTotals(): Totals {
  const byTable = new Map<string, Count>();
  let changes = 0;
  let commits = 0;
  let atomicCuts = 0;
  const countOf = (table: string): Count => {
    const known = byTable.get(table);
    if (known !== undefined) return known;
    const fresh = { inserted: 0, updated: 0, deleted: 0, snapshotRows: 0 };
    byTable.set(table, fresh);
    return fresh;
  };
  return {
    add(chunk, atomicCut) {
      changes += chunk.changes;
      commits += 1;
      if (atomicCut) atomicCuts += 1;
      for (const entry of chunk.counts) {
        const count = countOf(entry.table);
        count.inserted += entry.inserted;
        count.updated += entry.updated;
        count.deleted += entry.deleted;
      }
      for (const { table, rows } of chunk.snapshot) countOf(table).snapshotRows += rows;
    },
    touch(table) {
      countOf(table);
    },
    result(tables, letters, copies, ending) {
      const touched = tables.flatMap((table) => {
        const count = byTable.get(table.source);
        return count === undefined ? [] : [{ table: table.source, state: table.state, ...count }];
      });
      const sum = (field: keyof Count): number => touched.reduce((total, entry) => total + entry[field], 0);
      return {
        changes,
        commits,
        atomicCuts,
        inserted: sum('inserted'),
        updated: sum('updated'),
        deleted: sum('deleted'),
        snapshotRows: sum('snapshotRows'),
        tables: touched,
        progress: tables.map((table) =>
          progressOf(table, letters.get(table.source) ?? 0, copies.of(table.source)),
        ),
        snapshotting: tables.filter((table) => table.state === 'snapshotting').length,
        copy: copies.all(),
        ...ending,
      };
    },
  };
}

export function progressOf(
  table: TableCheckpoint,
  deadLetters: number,
  copy: CopyProgress | null,
): TableProgress {
  const { source, targetTable, state, cause, snapshotRows, inserted, updated, deleted } = table;
  const target = displayName(targetTable);
  return {
    source,
    target,
    state,
    cause,
    snapshotRows,
    inserted,
    updated,
    deleted,
    deadLetters,
    copy,
    ...choiceOf(table),
  };
}
