/** What settings may be, said once for those that change while a pipeline runs and for those in `cdc.yaml`. */
import type { PipelineSettings } from '../../engine/model';

/** Whole numbers, both ends included. */
export interface Bounds {
  readonly least: number;
  readonly most: number;
}

export const SETTING_BOUNDS = {
  atomicRows: { least: 1, most: 10_000_000 },
  batchRows: { least: 1, most: 1_000_000 },
  snapshotRows: { least: 1, most: 1_000_000 },
  snapshotTables: { least: 1, most: 64 },
  // A round costs the history some twenty events: shorter ones would fill it, longer ones hide that one hangs.
  roundMs: { least: 1_000, most: 5 * 60_000 },
  retainMs: { least: 0, most: 3_650 * 24 * 60 * 60 * 1000 },
} as const satisfies Partial<Record<keyof PipelineSettings, Bounds>>;

/** How often keys are compared, milliseconds. */
export const SWEEP_BOUNDS: Bounds = { least: 1_000, most: 30 * 24 * 60 * 60 * 1000 };

/** Of `lookback`, milliseconds. */
export const LOOKBACK_BOUNDS: Bounds = { least: 0, most: 7 * 24 * 60 * 60 * 1000 };

/** Of the changes in `maxBacklog`. */
export const BACKLOG_BOUNDS: Bounds = { least: 1, most: 1_000_000_000_000 };

/** Of `perHour` in `onError`. Each commit of a table looks at the letters that it has. */
export const LETTER_BOUNDS: Bounds = { least: 1, most: 10_000 };
