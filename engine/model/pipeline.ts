/** What a person says of a pipeline. Carries names of connections only, never a URL. */

/** `public.orders`, `public.*`, or a mapping to other names, fewer columns or fewer rows. */
export interface TableMapping {
  /** Name as the source spells it, or a pattern with `*`. */
  readonly from: string;
  /** Target table; null keeps the name. Not allowed with a pattern. */
  readonly to: string | null;
  /** Columns to replicate; null for all. Must hold the key. Not allowed with a pattern. */
  readonly columns: readonly string[] | null;
  /**
   * Only rows that fulfil this condition, in the SQL of the source; absent or null for all. Not allowed with a pattern.
   */
  readonly where?: string | null | undefined;
  /** Names on the target by the source's names, of columns that have another there. Not allowed with a pattern. */
  readonly rename?: ColumnNames | null | undefined;
  /** Types on the target by the source's names, of columns that get another than ours. Not allowed with a pattern. */
  readonly types?: ColumnTypes | null | undefined;
}

/** What columns are called on the target, by what the source calls them. */
export type ColumnNames = Readonly<Record<string, string>>;

/** What a column gets on the target in place of what we would give it. */
export interface ColumnType {
  /** In the SQL of the target, e.g. `decimal(20,6)`, for a table that is made; null: ours, or what is there. */
  readonly type: string | null;
  /** Values that don't fit are altered so that they do, instead of being refused. */
  readonly lossy: boolean;
}

export type ColumnTypes = Readonly<Record<string, ColumnType>>;

/** Which rows of a table are replicated and what columns are renamed, as reports show it. */
export interface TableChoice {
  /** The condition that replicated rows fulfil; absent for all rows. */
  readonly where?: string | undefined;
  /** Columns that have another name on the target; absent where none has. */
  readonly rename?: ColumnNames | undefined;
  /** Columns that have a type of their own choice on the target; absent where none has. */
  readonly types?: ColumnTypes | undefined;
}

export function choiceOf({
  where,
  rename,
  types,
}: Omit<TableMapping, 'from' | 'to' | 'columns'>): TableChoice {
  return {
    ...(typeof where === 'string' ? { where } : {}),
    ...(rename === null || rename === undefined ? {} : { rename }),
    ...(types === null || types === undefined ? {} : { types }),
  };
}

export type PipelineMode = 'continuous' | 'batch';

/** How changes are found. By a column of the tables: then no object is put on the source. */
export type CaptureStrategy = 'trigger' | KeysetCapture;

/** Capture by a column that grows, of the same name in all tables of the pipeline. */
export interface KeysetCapture {
  /** `timestamp`: the time of the change. `version`: a number that is higher than any before it in the table. */
  readonly by: 'timestamp' | 'version';
  readonly column: string;
  /**
   * How far behind the newest value rows may still turn up, milliseconds: as long as a transaction may take where the
   * source does not tell which are open, and on top of those where it does. Null: five minutes, and nothing.
   */
  readonly lookbackMs: number | null;
  /** A column that marks rows as deleted (a time, or true): they are not on the target. Null: none does. */
  readonly deleted: string | null;
  /** Take a column without an index. */
  readonly allowScan: boolean;
  /**
   * Of a version. `table`: it is higher than any before it in the table. `row`: each row counts its own changes; then
   * rows are found by comparing the versions of both sides, which shows deletions, too. Null: as `table`, but refused
   * where it looks like `row`.
   */
  readonly per: 'table' | 'row' | null;
  /**
   * How often the keys of both sides are compared, milliseconds: rows that the source has no more are deleted on the
   * target. A batch run does it once. Null: never.
   */
  readonly sweepMs: number | null;
}

/** The strategy in one word. */
export function strategyName(capture: CaptureStrategy): 'trigger' | KeysetCapture['by'] {
  return capture === 'trigger' ? capture : capture.by;
}

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
  /** Most rows that a chunk copies of all tables; RANGE_IN_MEMORY at most where they pass through the worker. */
  readonly snapshotRows: number;
  /** Most tables that are copied at once. */
  readonly snapshotTables: number;
  /** Length of a round, milliseconds. */
  readonly roundMs: number;
  /** How long applied changes stay readable in the change tables, milliseconds. */
  readonly retainMs: number;
  readonly maxBacklog: BacklogLimit | null;
  /** What happens to a row that the target refuses. */
  readonly onError: RowFailurePolicy;
  /** Rows that are deleted on the source: deleted on the target, too, or kept there whatever happens. */
  readonly onDelete: 'delete' | 'keep';
  /** Make target tables that are missing; else they are refused by name. */
  readonly createTables: boolean;
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
  snapshotTables: 4,
  roundMs: 10_000,
  retainMs: 24 * 60 * 60 * 1000,
  maxBacklog: null,
  onError: { action: 'park' },
  onDelete: 'delete',
  createTables: true,
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
