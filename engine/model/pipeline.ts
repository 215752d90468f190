/** What a person says of a pipeline. Carries names of connections only, never a URL. */

/** `public.orders`, `public.*`, or a mapping to another name or fewer columns. */
export interface TableMapping {
  /** Name as the source spells it, or a pattern with `*`. */
  readonly from: string;
  /** Target table; null keeps the name. Not allowed with a pattern. */
  readonly to: string | null;
  /** Columns to replicate; null for all. Must hold the key. Not allowed with a pattern. */
  readonly columns: readonly string[] | null;
}

export type PipelineMode = 'continuous' | 'batch';

/** Strategies; `timestamp` and `version` need no object on the source. */
export type CaptureStrategy = 'trigger';

/** What happens when a change table holds more than `changes` unapplied changes. */
export interface BacklogLimit {
  readonly changes: number;
  /** `warn`: status and health say so. `stop`: capture ends, the source is relieved, tables are marked for resync. */
  readonly action: 'warn' | 'stop';
}

/**
 * What happens to a row that the target refuses. `park`: its table stands aside. `deadLetter`: the row does, as long as
 * a table gets no more than `perHour` dead letters within an hour.
 */
export type RowFailurePolicy =
  { readonly action: 'park' } | { readonly action: 'deadLetter'; readonly perHour: number };

export interface PipelineSettings {
  /** Rows that a target table holds at first start: refuse, or make equal to the source. */
  readonly existing: 'refuse' | 'replace';
  /** Copy existing rows at first start. */
  readonly snapshot: boolean;
  /** Raise the target's sequences beyond what was copied, whenever a table's rows have been copied. */
  readonly sequences: boolean;
  /** Keep source transactions whole, up to `atomicRows`. */
  readonly atomic: boolean;
  /** Most changes in one atomic commit; beyond it a window is cut and status says so. */
  readonly atomicRows: number;
  /** Most changes in one commit. */
  readonly batchRows: number;
  /** Most rows in one snapshot range; RANGE_IN_MEMORY at most where they pass through the worker. */
  readonly snapshotRows: number;
  /** Length of a round, milliseconds. */
  readonly roundMs: number;
  /** How long applied changes stay readable in the change tables, milliseconds. */
  readonly retainMs: number;
  readonly maxBacklog: BacklogLimit | null;
  /** What happens to a row that the target refuses. */
  readonly onError: RowFailurePolicy;
}

/** Dead letters of one table within an hour. */
export const DEFAULT_LETTERS_PER_HOUR = 100;

export const DEFAULT_SETTINGS: PipelineSettings = {
  existing: 'refuse',
  snapshot: true,
  sequences: false,
  atomic: false,
  atomicRows: 500_000,
  batchRows: 50_000,
  snapshotRows: 100_000,
  roundMs: 10_000,
  retainMs: 24 * 60 * 60 * 1000,
  maxBacklog: null,
  onError: { action: 'park' },
};

/** A pipeline as configured. */
export interface PipelineSpec {
  readonly name: string;
  /** Names of connections, known to the worker only. */
  readonly source: string;
  readonly target: string;
  readonly capture: CaptureStrategy;
  readonly mode: PipelineMode;
  readonly tables: readonly TableMapping[];
  readonly settings: PipelineSettings;
}
