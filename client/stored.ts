/**
 * What Temporal keeps of ours, read back. Another version may have written it, so all that is relied on is looked at,
 * and nothing else: fields that this version does not know are passed over.
 */
import { defaultPayloadConverter } from '@temporalio/common';
import { z } from 'zod';
import { ERROR_CODES } from '../engine/errors';
import { DEFAULT_SETTINGS } from '../engine/model';
import type {
  CaptureStrategy,
  CopyProgress,
  PipelineSettings,
  PipelineSpec,
  SetupProgress,
  TableProgress,
} from '../engine/model';
import type { FailureCode, LastError, PipelineMemo, PipelineStatus } from '../workflows/messages';
import type { ScheduleTiming, ScheduledResult } from '../workflows/messages/schedules';
import type { PendingFigures, RoundFigures, SetupFigures, SpecFigures } from '../workflows/messages/status';

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

const types = z.record(z.string(), z.object({ type: z.string().nullable(), lossy: z.boolean() }));
const mode = z.enum(['continuous', 'batch']);

const state = z.enum([
  'starting',
  'snapshotting',
  'running',
  'pausing',
  'paused',
  'failing',
  'stopped',
  'completed',
]);

function isFailureCode(value: unknown): value is FailureCode {
  return typeof value === 'string' && (value === 'WORKER_LOST' || Object.hasOwn(ERROR_CODES, value));
}

const lastError = z.object({
  // A code of a later version: its message and hint still say what is wrong.
  code: z.custom<FailureCode>(isFailureCode).catch('INTERNAL'),
  message: z.string(),
  hint: z.string(),
  retryable: z.boolean(),
  at: z.number(),
  attempts: z.number(),
  nextAttemptAt: z.number().nullable(),
}) satisfies z.ZodType<LastError>;

const copy = z.object({
  rows: z.number(),
  of: z.number().nullable(),
  perSecond: z.number().nullable(),
  leftMs: z.number().nullable(),
}) satisfies z.ZodType<CopyProgress>;

const table = z.object({
  source: z.string(),
  target: z.string(),
  state: z.enum(['snapshotting', 'replicating', 'parked']),
  cause: z.string().nullable(),
  snapshotRows: z.number(),
  inserted: z.number(),
  updated: z.number(),
  deleted: z.number(),
  // Not told by a worker of before there were any.
  deadLetters: z.number().default(0),
  where: z.string().optional(),
  rename: z.record(z.string(), z.string()).optional(),
  types: types.optional(),
  copy: copy.nullable().default(null),
}) satisfies z.ZodType<TableProgress>;

const transport = z.enum(['rows', 'attach', 'copy']);
const skipped = z.array(z.object({ table: z.string(), reason: z.string() }));
const notices = z.array(z.object({ table: z.string().nullable(), message: z.string() }));

const settings = z.object({
  existing: z.enum(['refuse', 'replace']),
  snapshot: z.boolean(),
  sequences: z.boolean().default(DEFAULT_SETTINGS.sequences),
  atomic: z.boolean(),
  atomicRows: z.number(),
  batchRows: z.number(),
  snapshotRows: z.number(),
  snapshotTables: z.number().default(DEFAULT_SETTINGS.snapshotTables),
  roundMs: z.number(),
  retainMs: z.number(),
  maxBacklog: z.object({ changes: z.number(), action: z.enum(['warn', 'stop']) }).nullable(),
  onError: z
    .discriminatedUnion('action', [
      z.object({ action: z.literal('park') }),
      z.object({ action: z.literal('deadLetter'), perHour: z.number() }),
    ])
    .default(DEFAULT_SETTINGS.onError),
  onDelete: z.enum(['delete', 'keep']).default(DEFAULT_SETTINGS.onDelete),
  createTables: z.boolean().default(DEFAULT_SETTINGS.createTables),
}) satisfies z.ZodType<PipelineSettings>;

const capture = z.union([
  z.literal('trigger'),
  z.object({
    by: z.enum(['timestamp', 'version']),
    column: z.string(),
    lookbackMs: z.number().nullable(),
    deleted: z.string().nullable(),
    allowScan: z.boolean(),
    per: z.enum(['table', 'row']).nullable(),
    sweepMs: z.number().nullable(),
  }),
]) satisfies z.ZodType<CaptureStrategy>;

const status = z.object({
  version: z.literal(1),
  pipeline: z.string(),
  source: z.string(),
  target: z.string(),
  state,
  capture,
  mode,
  lagMs: z.number(),
  backlog: z.number(),
  rounds: z.number(),
  tables: z.array(table),
  copy: copy.nullable().default(null),
  lastError: lastError.nullable(),
  startedAt: z.number(),
  lastAppliedAt: z.number().nullable(),
  asOf: z.number(),
  transport: transport.nullable(),
  overLimit: z.boolean(),
  suspended: z.boolean(),
  // Not told by a worker of before there were any.
  before: z.object({ changes: z.number(), copied: z.number() }).nullable().default(null),
  atomicCuts: z.number(),
  skipped,
  notices,
  noticed: notices.default([]),
  settings,
}) satisfies z.ZodType<PipelineStatus>;

const setup = z.object({
  generation: z.number(),
  tables: z.array(table),
  lastAppliedAt: z.number().nullable(),
  transport,
  skipped,
  notices,
}) satisfies z.ZodType<SetupFigures>;

const progress = z.object({
  step: z.enum(['plan', 'tables', 'capture']),
  done: z.number(),
  of: z.number(),
}) satisfies z.ZodType<SetupProgress>;

const pending = z.object({
  backlog: z.number(),
  lagMs: z.number(),
  overLimit: z.boolean(),
  suspended: z.boolean(),
}) satisfies z.ZodType<PendingFigures>;

const round = z.object({
  progress: z.array(table),
  copy: copy.nullable().default(null),
  backlog: z.number(),
  lagMs: z.number(),
  lastAppliedAt: z.number().nullable(),
  asOf: z.number(),
  atomicCuts: z.number(),
  noticed: notices.default([]),
}) satisfies z.ZodType<RoundFigures>;

const spec = z.object({
  name: z.string(),
  source: z.string(),
  target: z.string(),
  capture,
  mode,
  settings,
}) satisfies z.ZodType<SpecFigures>;

const input = z.object({ spec, carried: z.object({ status }).nullable() });

const memo = z.object({
  pipeline: z.string(),
  source: z.string(),
  target: z.string(),
  mode,
  state,
  since: z.number(),
  lastError: lastError.nullable(),
}) satisfies z.ZodType<PipelineMemo>;

const scheduledResult = z.object({
  version: z.literal(1),
  outcome: z.enum(['completed', 'stopped', 'skipped']),
  status: status.nullable(),
}) satisfies z.ZodType<ScheduledResult>;

const wholeSpec = spec.extend({
  tables: z.array(
    z.object({
      from: z.string(),
      to: z.string().nullable(),
      columns: z.array(z.string()).nullable(),
      where: z.string().nullish(),
      rename: z.record(z.string(), z.string()).nullish(),
      types: types.nullish(),
    }),
  ),
}) satisfies z.ZodType<PipelineSpec>;

const jitterMs = z.number();

const scheduledInput = z.object({
  spec: wholeSpec,
  timing: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('cron'), cron: z.string(), timeZone: z.string(), jitterMs }),
    z.object({ kind: z.literal('every'), everyMs: z.number(), jitterMs }),
  ]) satisfies z.ZodType<ScheduleTiming>,
});

/** How far a setup has come, from its heartbeat; null when it is something else. */
export function setupProgress(details: unknown): SetupProgress | null {
  return progress.safeParse(details).data ?? null;
}

/** What `setup` answered; null when it is something else. */
export function setupReport(result: unknown): SetupFigures | null {
  return setup.safeParse(result).data ?? null;
}

/** What `fetchPending` answered; null when it is something else. */
export function fetchResult(result: unknown): PendingFigures | null {
  return pending.safeParse(result).data ?? null;
}

/** An attempt's report, from its heartbeat or its end; null when it is none. */
export function roundReport(details: unknown): RoundFigures | null {
  return round.safeParse(details).data ?? null;
}

/** A workflow's input; null when it is none of ours. */
export function firstInput(value: unknown): z.output<typeof input> | null {
  return input.safeParse(value).data ?? null;
}

/** What a schedule hands to its runs; null when it is none of ours. */
export function scheduledInputOf(value: unknown): z.output<typeof scheduledInput> | null {
  return scheduledInput.safeParse(value).data ?? null;
}

/** What a scheduled run answered; null when it is something else. */
export function scheduledResultOf(value: unknown): ScheduledResult | null {
  return scheduledResult.safeParse(value).data ?? null;
}

/** A workflow's memo; null when it is none of ours. */
export function memoOf(value: unknown): PipelineMemo | null {
  return memo.safeParse(value).data ?? null;
}
