/**
 * How far the copies of a pipeline have come: kept in memory between attempts, for reports alone. Nothing depends on
 * it: a worker that is started anew asks the source again.
 */
import type { CopyProgress, Source, TableCheckpoint, TableRoute } from '../model';

/** A rate is that of this last while, milliseconds. */
const WHILE_MS = 30_000;
/** Nothing is said of a rate before it was watched for so long. */
const SHORTEST_MS = 500;
/** Counts are remembered this far apart. */
const SAMPLE_MS = 250;

/** The copies of one pipeline. */
export interface Copies {
  /**
   * To be told where an attempt begins. The source is asked about how many rows the tables hold whose copy begins, once
   * each; that it can't say is no reason not to copy.
   */
  begin(
    source: Pick<Source, 'estimateRows'>,
    tables: readonly TableCheckpoint[],
    routes: readonly TableRoute[],
    now: number,
  ): Promise<void>;
  /** To be told after each commit. */
  note(tables: readonly TableCheckpoint[], now: number): void;
  /** Of one table (source name); null when it is not being copied. */
  of(table: string): CopyProgress | null;
  /** Over all tables, those that are done since the others began among them; null when none is being copied. */
  all(): CopyProgress | null;
}

interface Copy {
  /** What had been copied of the table before this copy. */
  readonly base: number;
  readonly estimate: number | null;
  readonly pace: Pace;
  rows: number;
  done: boolean;
}

export function createCopies(): Copies {
  const copies = new Map<string, Copy>();
  let pace = createPace();
  let notedAt = 0;
  const sum = (): number => [...copies.values()].reduce((total, { rows }) => total + rows, 0);
  const totalOf = (): number | null => {
    let total = 0;
    for (const copy of copies.values()) {
      const rows = estimateOf(copy);
      if (rows === null) return null;
      total += rows;
    }
    return total;
  };
  const note: Copies['note'] = (tables, now) => {
    const known = new Map(tables.map((table) => [table.source, table]));
    for (const [name, copy] of copies) {
      const table = known.get(name);
      if (table === undefined || table.state === 'parked') {
        copies.delete(name);
        continue;
      }
      const rows = Math.max(0, table.snapshotRows - copy.base);
      if (rows !== copy.rows) {
        // It may have waited for others until now.
        copy.pace.note(copy.rows, notedAt);
        copy.pace.note(rows, now);
      }
      copy.rows = rows;
      copy.done = table.state !== 'snapshotting';
    }
    if ([...copies.values()].every(({ done }) => done)) copies.clear();
    pace.note(sum(), now);
    notedAt = now;
  };
  const progress = (rows: number, of: number | null, { perSecond }: Pace): CopyProgress => {
    const rate = perSecond(notedAt);
    const left = of === null ? 0 : of - rows;
    // Nothing left of an estimate that was too low says nothing about the time.
    const leftMs = left <= 0 || rate === null || rate <= 0 ? null : Math.round((left * 1000) / rate);
    return { rows, of, perSecond: rate, leftMs };
  };
  return {
    async begin(source, tables, routes, now) {
      const copying = tables.filter(({ state }) => state === 'snapshotting');
      const fresh = copying.filter((table) => !goesOn(copies.get(table.source), table));
      const names = new Set(fresh.map((table) => table.source));
      const asked = routes.filter(({ id }) => names.has(id));
      const counts = asked.length === 0 ? [] : await source.estimateRows(asked).catch(() => []);
      const estimates = new Map(asked.map(({ id }, index) => [id, counts[index] ?? null]));
      for (const table of fresh) {
        const begun = table.cursor !== null;
        // Of a copy that another process began it is not known what was copied before it, unless it is the first.
        const unknown = begun && table.replace && table.snapshotRows > 0;
        const base = begun && !unknown ? 0 : table.snapshotRows;
        const estimate = unknown ? null : (estimates.get(table.source) ?? null);
        const rows = table.snapshotRows - base;
        copies.set(table.source, { base, estimate, pace: createPace(), rows, done: false });
      }
      if (fresh.length > 0) pace = createPace();
      notedAt = now;
      note(tables, now);
    },
    note,
    of(table) {
      const copy = copies.get(table);
      return copy === undefined || copy.done ? null : progress(copy.rows, estimateOf(copy), copy.pace);
    },
    all: () => (copies.size === 0 ? null : progress(sum(), totalOf(), pace)),
  };
}

/** Whether it is the copy that was known; another one has begun where a table was resynced meanwhile. */
function goesOn(copy: Copy | undefined, { cursor, snapshotRows }: TableCheckpoint): boolean {
  if (copy === undefined || copy.done) return false;
  return cursor !== null || copy.base === snapshotRows;
}

/** Never less than what was copied: an estimate may turn out too low. */
function estimateOf({ rows, estimate, done }: Copy): number | null {
  if (done) return rows;
  return estimate === null ? null : Math.max(rows, estimate);
}

/** How fast a count grows. */
interface Pace {
  note(count: number, now: number): void;
  /** Null before it grows. */
  readonly perSecond: (now: number) => number | null;
}

function createPace(): Pace {
  let samples: readonly { readonly at: number; readonly count: number }[] = [];
  return {
    note(count, now) {
      const [before, last] = samples.slice(-2);
      const isClose = before !== undefined && last !== undefined && last.at - before.at < SAMPLE_MS;
      samples = [...(isClose ? samples.slice(0, -1) : samples), { at: now, count }];
    },
    perSecond(now) {
      // The one before the last while tells where it began.
      samples = samples.filter(({ at, count }, index) => {
        const next = samples[index + 1];
        return (next?.at ?? at) >= now - WHILE_MS && (index > 0 || next?.count !== count);
      });
      const [first, last] = [samples[0], samples.at(-1)];
      if (first === undefined || last === undefined || last.count <= first.count) return null;
      const elapsed = now - first.at;
      return elapsed < SHORTEST_MS ? null : Math.round(((last.count - first.count) * 1000) / elapsed);
    },
  };
}
