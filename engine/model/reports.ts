/** What the engine tells about a pipeline. */
import type { TableState } from './checkpoint';
import type { TableChoice } from './pipeline';
import type { PlanNotice, PlanStep } from './plan';
import type { TransportKind } from './transfer';
import type { OperationCounts } from './change';
import type { Fidelity } from './types';

/** How far a copy has come: counts only. */
export interface CopyProgress {
  /** Rows that this copy has written, as far as the worker knows. */
  readonly rows: number;
  /** About how many there are to copy, never less than `rows`; null where the source could not tell. */
  readonly of: number | null;
  /** Rows a second over the last half minute; null where that can't be told yet. */
  readonly perSecond: number | null;
  /** Milliseconds that the rest will take, if it goes on like this; null where that can't be told. */
  readonly leftMs: number | null;
}

/** Where a table stands by the checkpoint: absolute figures, so that a report which got lost loses nothing. */
export interface TableProgress extends OperationCounts, TableChoice {
  readonly source: string;
  readonly target: string;
  readonly state: TableState;
  /** Why it is parked. */
  readonly cause: string | null;
  readonly snapshotRows: number;
  /** Keys that are set aside. */
  readonly deadLetters: number;
  /** Null when it is not being copied, and where nobody who copies was asked. */
  readonly copy: CopyProgress | null;
}

export interface TableStatistics extends TableProgress {
  /** Changes kept in the change table, applied or not. */
  readonly stored: number;
}

export interface Statistics {
  readonly pipeline: string;
  readonly transport: TransportKind;
  /** Changes captured and not applied. */
  readonly backlog: number;
  /** Now minus the time of the oldest change not applied, milliseconds; 0 when there is none. */
  readonly lagMs: number;
  readonly lastAppliedAt: number | null;
  readonly tables: readonly TableStatistics[];
}

export type CheckState = 'ok' | 'warning' | 'failed';

export interface HealthCheck {
  readonly name: string;
  readonly state: CheckState;
  readonly message: string;
  /** What to do; null when all is well. */
  readonly hint: string | null;
}

export interface HealthReport {
  readonly pipeline: string;
  readonly healthy: boolean;
  readonly checks: readonly HealthCheck[];
}

/** What becomes of a column. */
export interface ColumnPlan {
  readonly column: string;
  /** Its name on the target. */
  readonly target: string;
  /** As the source declares it; empty where it has no type. */
  readonly sourceType: string;
  /** As the target declares it, or would; empty where it has no type, or none can be had. */
  readonly targetType: string;
  readonly fidelity: Fidelity;
  /** How values are shown there, or which of them may not fit; null for `exact`. */
  readonly reason: string | null;
}

/** What setup would do. */
export interface Plan {
  readonly pipeline: string;
  readonly transport: TransportKind;
  readonly tables: readonly (TableChoice & {
    readonly source: string;
    readonly target: string;
    readonly columns: readonly string[];
    readonly fidelity: readonly ColumnPlan[];
  })[];
  /** Tables that a pattern matched and that cannot be captured. */
  readonly skipped: readonly { readonly table: string; readonly reason: string }[];
  readonly steps: readonly PlanStep[];
  readonly notices: readonly PlanNotice[];
}

export interface ReplicateResult extends OperationCounts {
  /** Changes applied, before netting. */
  readonly changes: number;
  /** Rows copied by snapshots. */
  readonly snapshotRows: number;
  readonly commits: number;
  /** Tables with work done only. */
  readonly tables: readonly (OperationCounts & {
    readonly table: string;
    readonly state: TableState;
    readonly snapshotRows: number;
  })[];
  /** Where all tables stand since setup. */
  readonly progress: readonly TableProgress[];
  /** Tables whose snapshot is not finished. */
  readonly snapshotting: number;
  /** Over all tables that are being copied; null when there is none. */
  readonly copy: CopyProgress | null;
  /** True when nothing was pending at its end. */
  readonly caughtUp: boolean;
  /** True when a batch run's goal is covered. */
  readonly reachedGoal: boolean;
  /** Commits in which an atomic window had to be cut. */
  readonly atomicCuts: number;
  readonly backlog: number;
  readonly lagMs: number;
  /** What was noticed of late while reading the source, and a person should know. */
  readonly noticed: readonly PlanNotice[];
}

/** How far a setup has come. */
export interface SetupProgress {
  /** In this order: what is there is looked at, tables are made on the target, capture is put on the source's. */
  readonly step: 'plan' | 'tables' | 'capture';
  /** Tables that are done with in this step. */
  readonly done: number;
  readonly of: number;
}

/** Its steps, first to last. */
export const SETUP_STEPS: readonly SetupProgress['step'][] = ['plan', 'tables', 'capture'];
