/** What Temporal keeps of ours, read back. Another version may have written it, so the parts relied on are looked at. */
import { defaultPayloadConverter } from '@temporalio/common';
import type { RoundReport, SetupReport } from '../activities';
import type { FetchResult } from '../engine';
import type { PipelineMemo, ReplicationInput } from '../workflows/messages';

type Payload = Parameters<typeof defaultPayloadConverter.fromPayload>[0];

/** What a payload holds; null for one that was written with another data converter. */
export function decode(payload: Payload | null | undefined): unknown {
  if (payload === null || payload === undefined) return null;
  try {
    return defaultPayloadConverter.fromPayload<unknown>(payload);
  } catch {
    return null;
  }
}

/** What `setup` answered; null when it is something else. */
export function setupReport(result: unknown): SetupReport | null {
  if (!isRecord(result) || !Array.isArray(result['tables']) || !('generation' in result)) return null;
  // eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- our own activity wrote it
  return result as unknown as SetupReport;
}

/** What `fetchPending` answered; null when it is something else. */
export function fetchResult(result: unknown): FetchResult | null {
  if (!isRecord(result) || typeof result['backlog'] !== 'number' || !('overLimit' in result)) return null;
  // eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- our own activity wrote it
  return result as unknown as FetchResult;
}

/** An attempt's report, from its heartbeat or its end; null when it is none. */
export function roundReport(details: unknown): RoundReport | null {
  if (!isRecord(details)) return null;
  const { progress, asOf, backlog, lagMs } = details;
  if (!Array.isArray(progress) || typeof asOf !== 'number') return null;
  if (typeof backlog !== 'number' || typeof lagMs !== 'number') return null;
  // eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- our own activity wrote it
  return details as unknown as RoundReport;
}

/** A workflow's input; null when it is none of ours. */
export function firstInput(value: unknown): ReplicationInput | null {
  if (!isRecord(value) || !isRecord(value['spec']) || typeof value['spec']['name'] !== 'string') return null;
  // eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- our own client or workflow wrote it
  return value as unknown as ReplicationInput;
}

/** A workflow's memo; null when it is none of ours. */
export function memoOf(value: unknown): PipelineMemo | null {
  if (!isRecord(value) || typeof value['pipeline'] !== 'string' || typeof value['state'] !== 'string')
    return null;
  // eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- our own client or workflow wrote it
  return value as unknown as PipelineMemo;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
