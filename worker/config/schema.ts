/**
 * The shape of `cdc.yaml`. Checks that need more than one place of the file stand in `references.ts`; the words of
 * the messages in `messages.ts`.
 */
import { z } from 'zod';
import {
  DEFAULT_LETTERS_PER_HOUR,
  DEFAULT_SETTINGS,
  type BacklogLimit,
  type CaptureStrategy,
  type ColumnType,
  type RowFailurePolicy,
} from '../../engine/model';
import {
  BACKLOG_BOUNDS,
  LETTER_BOUNDS,
  LOOKBACK_BOUNDS,
  SETTING_BOUNDS,
  SWEEP_BOUNDS,
  type Bounds,
} from '../../workflows/messages/limits';
import type { ScheduleTiming } from '../../workflows/messages/schedules';
import { formatDuration, parseDuration } from './quantities';
import { parseTiming, writtenTiming } from './timing';

/** Words that the program will understand one day: refused by name rather than as unknown. */
export const NOT_YET: ReadonlySet<string> = new Set(['ddl']);

const name = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
    'a name has 1 to 63 letters, digits, dots, dashes and underscores, and starts with a letter or digit',
  );

const text = z.string().min(1, 'is empty');

function wholeNumber({ least, most }: Bounds): z.ZodNumber {
  const message = `must be a whole number from ${least} to ${most.toLocaleString('en-US')}`;
  return z.number(message).int(message).min(least, message).max(most, message);
}

function duration({ least, most }: Bounds) {
  return z.unknown().transform((value, context): number => {
    const parsed = typeof value === 'string' ? parseDuration(value) : value === 0 ? 0 : null;
    if (parsed === null) {
      context.addIssue('must be a duration with its unit, such as 500ms, 10s, 5m, 24h or 7d');
      return z.NEVER;
    }
    if (parsed < least || parsed > most) {
      context.addIssue(`must be a duration from ${formatDuration(least)} to ${formatDuration(most)}`);
      return z.NEVER;
    }
    return parsed;
  });
}

/** Words for a value that has the wrong kind, where a short form is allowed beside the group of keys. */
function otherwise(words: string) {
  return {
    error: (issue: { readonly code?: string }) => (issue.code === 'invalid_type' ? words : undefined),
  };
}

/** `url` or a file that holds it. A bare text is taken as the URL. */
const connection = z.preprocess(
  (value) => (typeof value === 'string' ? { url: value } : value),
  z.strictObject(
    { url: text.optional(), url_file: text.optional() },
    otherwise('must be { url: … } or a URL'),
  ),
);

/** How often keys are compared unless it is said. */
const DEFAULT_RECONCILE_MS = 60 * 60_000;
/** The same where that is what shows changes. */
const DEFAULT_COMPARE_MS = 60_000;

const deletes = z.preprocess(
  (value) => (value === 'reconcile' ? { reconcile: formatDuration(DEFAULT_RECONCILE_MS) } : value),
  z.strictObject(
    { reconcile: duration(SWEEP_BOUNDS) },
    otherwise('must be reconcile or { reconcile: how often }'),
  ),
);

/** A column of versions. A bare text is its name. */
const version = z.preprocess(
  (value) => (typeof value === 'string' ? { column: value } : value),
  z
    .strictObject(
      {
        column: text,
        per: z.enum(['table', 'row']).optional(),
        every: duration(SWEEP_BOUNDS).optional(),
      },
      otherwise('must be the name of a column or { column: …, per: table or row, every: … }'),
    )
    .transform((written, context) => {
      if (written.per === 'row' || written.every === undefined) return written;
      context.addIssue(
        '"every" is how often versions are compared per row; one per table is followed all the time',
      );
      return z.NEVER;
    }),
);

const capture = z.preprocess(
  (value) => (value === 'trigger' ? { trigger: true } : value),
  z
    .strictObject(
      {
        trigger: z.literal(true, 'is written as "capture: trigger"').optional(),
        timestamp: text.optional(),
        version: version.optional(),
        deletes: deletes.optional(),
        deleted: text.optional(),
        lookback: duration(LOOKBACK_BOUNDS).optional(),
        allowScan: z.boolean().default(false),
      },
      otherwise('must be trigger, { timestamp: column } or { version: column }'),
    )
    .transform((written, context): CaptureStrategy => {
      const { trigger, timestamp, version: versioned, deletes: reconciled, lookback, allowScan } = written;
      const by = timestamp === undefined ? 'version' : 'timestamp';
      const column = timestamp ?? versioned?.column;
      if (trigger === true && column === undefined) return 'trigger';
      if (
        column === undefined ||
        [trigger, timestamp, versioned].filter((one) => one !== undefined).length > 1
      ) {
        // Where a key is misspelt that is said already.
        if (context.issues.length > 0) return z.NEVER;
        context.addIssue('needs either timestamp or version, with the name of a column');
        return z.NEVER;
      }
      const per = versioned?.per ?? null;
      const everyMs = per === 'row' ? (versioned?.every ?? DEFAULT_COMPARE_MS) : null;
      if (per === 'row' && reconciled !== undefined) {
        context.addIssue('deletes are seen where versions are compared per row: leave "deletes" out');
        return z.NEVER;
      }
      return {
        by,
        column,
        lookbackMs: lookback ?? null,
        deleted: written.deleted ?? null,
        allowScan,
        per,
        sweepMs: everyMs ?? reconciled?.reconcile ?? null,
      };
    }),
);

/** What a column gets on the target. A bare text is the type. */
const columnType = z.preprocess(
  (value) => (typeof value === 'string' ? { type: value } : value),
  z
    .strictObject(
      { type: text.optional(), lossy: z.boolean().default(false) },
      otherwise('must be a type or { type: …, lossy: true }'),
    )
    .transform(({ type, lossy }, context): ColumnType => {
      if (type !== undefined || lossy) return { type: type ?? null, lossy };
      context.addIssue('says nothing; leave it out');
      return z.NEVER;
    }),
);

const table = z.preprocess(
  (value) => (typeof value === 'string' ? { from: value } : value),
  z.strictObject(
    {
      from: text,
      to: text.optional(),
      columns: z.array(text).min(1, 'lists no column; leave it out to replicate all').optional(),
      where: text.optional(),
      rename: z
        .record(z.string(), text)
        .refine((names) => Object.keys(names).length > 0, 'renames no column; leave it out')
        .optional(),
      types: z
        .record(z.string(), columnType)
        .refine((types) => Object.keys(types).length > 0, 'names no column; leave it out')
        .optional(),
    },
    otherwise('must be the name of a table or { from: …, to: …, columns: … }'),
  ),
);

const maxBacklog = z.preprocess(
  (value) => (typeof value === 'number' ? { changes: value } : value),
  z
    .strictObject(
      { changes: wholeNumber(BACKLOG_BOUNDS), action: z.enum(['warn', 'stop']).default('warn') },
      otherwise('must be a number of changes or { changes: …, action: warn or stop }'),
    )
    .transform((limit): BacklogLimit => limit),
);

const ROW_FAILURE_ACTIONS = ['park', 'deadLetter'] as const;

const onError = z.preprocess(
  (value) => (ROW_FAILURE_ACTIONS.some((action) => action === value) ? { action: value } : value),
  z
    .strictObject(
      {
        action: z.enum(ROW_FAILURE_ACTIONS).default('deadLetter'),
        perHour: wholeNumber(LETTER_BOUNDS).optional(),
      },
      otherwise('must be park, deadLetter or { action: …, perHour: … }'),
    )
    .transform(({ action, perHour }, context): RowFailurePolicy => {
      if (action === 'deadLetter') return { action, perHour: perHour ?? DEFAULT_LETTERS_PER_HOUR };
      if (perHour === undefined) return { action };
      context.addIssue('has perHour, which counts with deadLetter only');
      return z.NEVER;
    }),
);

const atomic = z.preprocess(
  (value) => (typeof value === 'boolean' ? { on: value } : value),
  z.strictObject(
    {
      on: z.boolean().default(true),
      maxRows: wholeNumber(SETTING_BOUNDS.atomicRows).default(DEFAULT_SETTINGS.atomicRows),
    },
    otherwise('must be true, false or { maxRows: … }'),
  ),
);

const schedule = z.preprocess(
  (value) => (typeof value === 'string' ? writtenTiming(value) : value),
  z
    .strictObject(
      { cron: text.optional(), every: text.optional(), timezone: text.optional(), jitter: text.optional() },
      otherwise('must be a cron expression, an interval or { cron: … or every: …, timezone: …, jitter: … }'),
    )
    .transform((written, context): ScheduleTiming => {
      const parsed = parseTiming(written);
      if (!('problem' in parsed)) return parsed;
      context.addIssue(parsed.problem);
      return z.NEVER;
    }),
);

const pipeline = z.strictObject({
  source: text,
  target: text,
  capture: capture.default('trigger'),
  mode: z.enum(['continuous', 'batch']).default('continuous'),
  schedule: schedule.optional(),
  tables: z.array(table).min(1, 'lists no table; "*" stands for all'),
  existing: z.enum(['refuse', 'replace']).default(DEFAULT_SETTINGS.existing),
  snapshot: z.boolean().default(DEFAULT_SETTINGS.snapshot),
  sequences: z.boolean().default(DEFAULT_SETTINGS.sequences),
  atomic: atomic.default({ on: DEFAULT_SETTINGS.atomic, maxRows: DEFAULT_SETTINGS.atomicRows }),
  maxBacklog: maxBacklog.optional(),
  onError: onError.default(DEFAULT_SETTINGS.onError),
  onDelete: z.enum(['delete', 'keep']).default(DEFAULT_SETTINGS.onDelete),
  createTables: z.boolean().default(DEFAULT_SETTINGS.createTables),
  retain: duration(SETTING_BOUNDS.retainMs).default(DEFAULT_SETTINGS.retainMs),
  round: duration(SETTING_BOUNDS.roundMs).default(DEFAULT_SETTINGS.roundMs),
  batch: wholeNumber(SETTING_BOUNDS.batchRows).default(DEFAULT_SETTINGS.batchRows),
  snapshotBatch: wholeNumber(SETTING_BOUNDS.snapshotRows).default(DEFAULT_SETTINGS.snapshotRows),
  snapshotTables: wholeNumber(SETTING_BOUNDS.snapshotTables).default(DEFAULT_SETTINGS.snapshotTables),
});

const temporal = z.strictObject({
  address: z
    .string()
    .regex(/^[^\s:/]+:\d{1,5}$|^\[[0-9a-fA-F:]+\]:\d{1,5}$/, 'must be host:port, such as localhost:7233')
    .optional(),
  namespace: text.optional(),
  taskQueue: text.optional(),
});

export const configSchema = z.strictObject({
  connections: z.record(name, connection),
  pipelines: z.record(name, pipeline),
  temporal: temporal.default({}),
});

/** `cdc.yaml` after its shape was checked, with defaults filled in. */
export type ConfigData = z.output<typeof configSchema>;
export type PipelineData = ConfigData['pipelines'][string];

/** The keys that may stand in each group, by what the group's path looks like: for near misses. */
export function keysAt(path: readonly (string | number)[]): readonly string[] {
  switch (path[0]) {
    case undefined:
      return Object.keys(configSchema.shape);
    case 'temporal':
      return Object.keys(temporal.shape);
    case 'connections':
      return ['url', 'url_file'];
    case 'pipelines':
      if (path[2] === 'tables') {
        return path[4] === 'types'
          ? ['type', 'lossy']
          : ['from', 'to', 'columns', 'where', 'rename', 'types'];
      }
      if (path[2] === 'schedule') return ['cron', 'every', 'timezone', 'jitter'];
      if (path[2] === 'maxBacklog') return ['changes', 'action'];
      if (path[2] === 'onError') return ['action', 'perHour'];
      if (path[2] === 'atomic') return ['maxRows'];
      if (path[2] === 'capture') {
        if (path[3] === 'version') return ['column', 'per', 'every'];
        if (path[3] === 'deletes') return ['reconcile'];
        return ['timestamp', 'version', 'deleted', 'deletes', 'lookback', 'allowScan'];
      }
      return Object.keys(pipeline.shape);
    default:
      return [];
  }
}
