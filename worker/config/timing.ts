/** When a scheduled pipeline runs, as people write it in `cdc.yaml` and on the command line. */
import type { ScheduleTiming } from '../../workflows/messages/schedules';
import { formatDuration, parseDuration } from './quantities';

/** As written; what is not given is undefined. */
export interface WrittenTiming {
  readonly cron?: string | undefined;
  readonly every?: string | undefined;
  readonly timezone?: string | undefined;
  readonly jitter?: string | undefined;
}

const SECOND = 1_000;
const DAY = 24 * 60 * 60 * SECOND;

/** Shorter ones would begin runs faster than one can end; longer ones are a cron expression's. */
const EVERY = { least: SECOND, most: 365 * DAY };
const JITTER = { least: 0, most: DAY };

/** Minute, hour, day of month, month, day of week; with seconds before them and years after them, where there are more. */
const CRON = /^@(yearly|annually|monthly|weekly|daily|midnight|hourly)$|^[\w*?,/#-]+( +[\w*?,/#-]+){4,6}$/;

/** A text alone: `10s` is an interval, anything else a cron expression. */
export function writtenTiming(text: string): WrittenTiming {
  return parseDuration(text) === null ? { cron: text } : { every: text };
}

/** The timing, or what is wrong with it. Whether a cron expression names times that exist is Temporal's to say. */
export function parseTiming(written: WrittenTiming): ScheduleTiming | { readonly problem: string } {
  const { cron, every, timezone, jitter } = written;
  if ((cron === undefined) === (every === undefined)) return { problem: 'needs either cron or every' };
  const jitterMs = jitter === undefined ? 0 : durationWithin(jitter, JITTER);
  if (jitterMs === null) return { problem: outside('jitter', JITTER) };
  if (cron !== undefined) {
    if (!CRON.test(cron.trim())) return { problem: NO_CRON };
    const timeZone = timezone ?? 'UTC';
    if (!isTimeZone(timeZone)) return { problem: 'timezone must be a name such as Europe/Berlin or UTC' };
    return { kind: 'cron', cron: cron.trim(), timeZone, jitterMs };
  }
  if (timezone !== undefined) return { problem: 'timezone is for cron; an interval has none' };
  const everyMs = durationWithin(every ?? '', EVERY);
  return everyMs === null ? { problem: outside('every', EVERY) } : { kind: 'every', everyMs, jitterMs };
}

const NO_CRON =
  'must be an interval such as 10m, or a cron expression of five fields (minute, hour, day of month, month, ' +
  'day of week) such as "*/5 * * * *"';

interface Bounds {
  readonly least: number;
  readonly most: number;
}

function durationWithin(text: string, { least, most }: Bounds): number | null {
  const parsed = parseDuration(text);
  return parsed === null || parsed < least || parsed > most ? null : parsed;
}

function outside(what: string, { least, most }: Bounds): string {
  return `${what} must be a duration from ${formatDuration(least)} to ${formatDuration(most)}`;
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
