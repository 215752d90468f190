/**
 * Settings that mean nothing, or the wrong thing, where changes are found by a column. Said once: `cdc.yaml`, setup and
 * the workflow go by it, so nothing is imported here but types.
 */
import type { CaptureStrategy, PipelineSettings } from './pipeline';

export interface RefusedSetting {
  readonly setting: 'atomic' | 'maxBacklog' | 'onDelete';
  /** Goes on after the setting's name. */
  readonly reason: string;
}

/** What is asked of a pipeline that captures by a column. */
export interface AskedOfColumn {
  /** Keys of both sides are compared now and then. */
  readonly compares: boolean;
  readonly atomic: boolean;
  readonly limitsBacklog: boolean;
  readonly keepsDeleted: boolean;
}

export function refusedByColumn({
  compares,
  atomic,
  limitsBacklog,
  keepsDeleted,
}: AskedOfColumn): readonly RefusedSetting[] {
  const refused: RefusedSetting[] = [];
  if (atomic) {
    refused.push({
      setting: 'atomic',
      reason: 'needs "capture: trigger": a column does not tell which rows a transaction wrote',
    });
  }
  if (limitsBacklog) {
    refused.push({
      setting: 'maxBacklog',
      reason: 'needs "capture: trigger": without change tables nothing piles up on the source',
    });
  }
  if (keepsDeleted && compares) {
    refused.push({
      setting: 'onDelete',
      reason: '"keep" leaves rows that a comparison of keys would find again and again',
    });
  }
  return refused;
}

/** None where changes are captured by triggers. */
export function refusedSettings(
  capture: CaptureStrategy,
  { atomic, maxBacklog, onDelete }: Pick<PipelineSettings, 'atomic' | 'maxBacklog' | 'onDelete'>,
): readonly RefusedSetting[] {
  if (capture === 'trigger') return [];
  return refusedByColumn({
    compares: capture.sweepMs !== null,
    atomic,
    limitsBacklog: maxBacklog !== null,
    keepsDeleted: onDelete === 'keep',
  });
}
