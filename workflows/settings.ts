/** Settings that may change while a pipeline runs, checked before they are accepted. */
import type { BacklogLimit, CaptureStrategy, PipelineSettings, RowFailurePolicy } from '../engine/model';
import { refusedSettings } from '../engine/model/capture-rules';
import { BACKLOG_BOUNDS, LETTER_BOUNDS, SETTING_BOUNDS, type Bounds } from './messages/limits';

const ONLY_AT_START = ['existing', 'snapshot'] as const;

/** What is wrong with all settings of a spec; null when nothing is. */
export function allSettingsFault(settings: Readonly<Record<keyof PipelineSettings, unknown>>): string | null {
  const { existing, snapshot, ...change } = settings;
  if (existing !== 'refuse' && existing !== 'replace') return 'existing must be refuse or replace';
  if (typeof snapshot !== 'boolean') return 'snapshot must be true or false';
  return settingsFault(change);
}

/** What is wrong with a change of settings; null when nothing is. */
export function settingsFault(change: unknown): string | null {
  if (typeof change !== 'object' || change === null) return 'settings must be an object';
  for (const [key, value] of Object.entries(change)) {
    const fault = faultOf(key, value);
    if (fault !== null) return fault;
  }
  return null;
}

/** What of some settings can't go together with the way in which changes are captured; null when all can. */
export function captureFault(capture: CaptureStrategy, settings: PipelineSettings): string | null {
  const [refused] = refusedSettings(capture, settings);
  return refused === undefined ? null : `${refused.setting} ${refused.reason}`;
}

/** What is wrong with a change of the settings of now; null when nothing is. */
export function changeFault(capture: CaptureStrategy, now: PipelineSettings, change: unknown): string | null {
  const fault = settingsFault(change);
  if (fault !== null || typeof change !== 'object') return fault;
  return captureFault(capture, Object.assign({}, now, change));
}

function faultOf(key: string, value: unknown): string | null {
  if (ONLY_AT_START.some((setting) => setting === key)) return `${key} counts at the first start only`;
  if (key === 'atomic' || key === 'sequences' || key === 'createTables')
    return typeof value === 'boolean' ? null : `${key} must be true or false`;
  if (key === 'maxBacklog')
    return isBacklogLimit(value) ? null : 'maxBacklog must be null or {changes, action}';
  if (key === 'onError')
    return isRowFailurePolicy(value)
      ? null
      : 'onError must be {action: "park"} or {action: "deadLetter", perHour}, perHour ' +
          `from ${LETTER_BOUNDS.least} to ${LETTER_BOUNDS.most}`;
  if (key === 'onDelete')
    return value === 'delete' || value === 'keep' ? null : 'onDelete must be delete or keep';
  const bounds = Object.entries<Bounds>(SETTING_BOUNDS).find(([name]) => name === key)?.[1];
  if (bounds === undefined) return `unknown setting ${key}`;
  return isWithin(value, bounds)
    ? null
    : `${key} must be a whole number from ${bounds.least} to ${bounds.most}`;
}

function isWithin(value: unknown, { least, most }: Bounds): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
}

function isBacklogLimit(value: unknown): value is BacklogLimit | null {
  if (value === null) return true;
  if (typeof value !== 'object' || !('changes' in value && 'action' in value)) return false;
  const { changes, action } = value;
  return isWithin(changes, BACKLOG_BOUNDS) && (action === 'warn' || action === 'stop');
}

function isRowFailurePolicy(value: unknown): value is RowFailurePolicy {
  if (typeof value !== 'object' || value === null || !('action' in value)) return false;
  if (value.action === 'park') return true;
  return value.action === 'deadLetter' && 'perHour' in value && isWithin(value.perHour, LETTER_BOUNDS);
}
