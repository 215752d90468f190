/** Settings that may change while a pipeline runs, checked before they are accepted. */
import type { BacklogLimit, PipelineSettings } from '../engine/model';

/** Whole numbers, both ends included. */
interface Bounds {
  readonly least: number;
  readonly most: number;
}

const NUMBERS = {
  atomicRows: { least: 1, most: 10_000_000 },
  batchRows: { least: 1, most: 1_000_000 },
  snapshotRows: { least: 1, most: 1_000_000 },
  // A round costs the history some twenty events: shorter ones would fill it, longer ones hide that one hangs.
  roundMs: { least: 1_000, most: 600_000 },
  retainMs: { least: 0, most: 3_650 * 24 * 60 * 60 * 1000 },
} as const satisfies Partial<Record<keyof PipelineSettings, Bounds>>;

const ONLY_AT_START = ['existing', 'snapshot'] as const;

/** What is wrong with a change of settings; null when nothing is. */
export function settingsFault(change: unknown): string | null {
  if (typeof change !== 'object' || change === null) return 'settings must be an object';
  for (const [key, value] of Object.entries(change)) {
    const fault = faultOf(key, value);
    if (fault !== null) return fault;
  }
  return null;
}

function faultOf(key: string, value: unknown): string | null {
  if (ONLY_AT_START.some((setting) => setting === key)) return `${key} counts at the first start only`;
  if (key === 'atomic') return typeof value === 'boolean' ? null : 'atomic must be true or false';
  if (key === 'maxBacklog')
    return isBacklogLimit(value) ? null : 'maxBacklog must be null or {changes, action}';
  const bounds = Object.entries(NUMBERS).find(([name]) => name === key)?.[1];
  if (bounds === undefined) return `unknown setting ${key}`;
  const { least, most } = bounds;
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return null;
  return `${key} must be a whole number from ${least} to ${most}`;
}

function isBacklogLimit(value: unknown): value is BacklogLimit | null {
  if (value === null) return true;
  if (typeof value !== 'object' || !('changes' in value && 'action' in value)) return false;
  const { changes, action } = value;
  return Number.isInteger(changes) && Number(changes) > 0 && (action === 'warn' || action === 'stop');
}
