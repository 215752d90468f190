/**
 * How a status grows from what activities report. Pure: a status goes in, a status comes out. The workflow keeps its
 * status so; the client, where no worker answers, makes it again from the reports in the history.
 */
import type { RoundReport, SetupReport } from '../../activities';
import type { FetchResult } from '../../engine';
import type { PipelineSpec, TableProgress } from '../../engine/model';
import type { Applied, Failure, LastError, PipelineMemo, PipelineStatus } from './index';

/** What a status takes from each of its sources; whoever reads them back has to look at no more. */
export type SpecFigures = Pick<PipelineSpec, 'name' | 'source' | 'target' | 'capture' | 'mode' | 'settings'>;
export type SetupFigures = Pick<
  SetupReport,
  'tables' | 'lastAppliedAt' | 'transport' | 'skipped' | 'notices'
>;
export type PendingFigures = Pick<FetchResult, 'backlog' | 'lagMs' | 'overLimit' | 'suspended'>;
export type RoundFigures = Pick<
  RoundReport,
  'progress' | 'backlog' | 'lagMs' | 'lastAppliedAt' | 'asOf' | 'atomicCuts'
> &
  // Not told by a worker of before there was any.
  Partial<Pick<RoundReport, 'copy' | 'noticed'>>;

export function initialStatus(spec: SpecFigures, now: number): PipelineStatus {
  return {
    version: 1,
    pipeline: spec.name,
    source: spec.source,
    target: spec.target,
    state: 'starting',
    capture: spec.capture,
    mode: spec.mode,
    lagMs: 0,
    backlog: 0,
    rounds: 0,
    tables: [],
    copy: null,
    lastError: null,
    startedAt: now,
    lastAppliedAt: null,
    asOf: now,
    transport: null,
    overLimit: false,
    suspended: false,
    before: null,
    atomicCuts: 0,
    skipped: [],
    notices: [],
    noticed: [],
    settings: spec.settings,
  };
}

/** A status that a former version kept lacks what came later: that is as at the beginning. */
export function wholeStatus(status: PipelineStatus): PipelineStatus {
  return { ...initialStatus({ ...status, name: status.pipeline }, status.startedAt), ...status };
}

export function withSetup(status: PipelineStatus, report: SetupFigures, now: number): PipelineStatus {
  const { tables, lastAppliedAt, transport, skipped, notices } = report;
  // A setup may be repeated within a chain, and a status may be carried over from a version that had no such sums.
  const before = status.before ?? appliedTo(tables);
  return { ...status, tables, copy: null, lastAppliedAt, transport, skipped, notices, before, asOf: now };
}

/** Sums over all tables, since the pipeline was first set up. */
export function appliedTo(tables: readonly TableProgress[]): Applied {
  const sum = (of: (table: TableProgress) => number): number =>
    tables.reduce((total, table) => total + of(table), 0);
  return {
    changes: sum(({ inserted, updated, deleted }) => inserted + updated + deleted),
    copied: sum(({ snapshotRows }) => snapshotRows),
  };
}

export function withPending(status: PipelineStatus, fetched: PendingFigures, now: number): PipelineStatus {
  const { backlog, lagMs, overLimit, suspended } = fetched;
  return { ...status, backlog, lagMs, overLimit, suspended, asOf: now };
}

export function withRound(status: PipelineStatus, report: RoundFigures): PipelineStatus {
  return {
    ...withProgress(status, report),
    rounds: status.rounds + 1,
    atomicCuts: status.atomicCuts + report.atomicCuts,
  };
}

/** Takes over figures that are absolute, so it does not matter whether some reports before it got lost. */
export function withProgress(status: PipelineStatus, report: RoundFigures): PipelineStatus {
  return {
    ...status,
    tables: mergeTables(status.tables, report.progress),
    copy: report.copy ?? null,
    noticed: report.noticed ?? [],
    backlog: report.backlog,
    lagMs: report.lagMs,
    lastAppliedAt: report.lastAppliedAt ?? status.lastAppliedAt,
    asOf: report.asOf,
  };
}

export function withResync(status: PipelineStatus, tables: readonly string[]): PipelineStatus {
  return {
    ...status,
    tables: status.tables.map((table) =>
      tables.includes(table.source) ? { ...table, state: 'snapshotting', cause: null, copy: null } : table,
    ),
  };
}

export function isCopying(status: PipelineStatus): boolean {
  return status.tables.some((table) => table.state === 'snapshotting');
}

export function withFailure(
  status: PipelineStatus,
  failure: Failure,
  when: Pick<LastError, 'at' | 'attempts' | 'nextAttemptAt'>,
): PipelineStatus {
  return { ...status, lastError: { ...failure, ...when } };
}

export function memoOf(status: PipelineStatus, now: number): PipelineMemo {
  const { pipeline, source, target, mode, state, lastError } = status;
  return { pipeline, source, target, mode, state, since: now, lastError };
}

/** Setup says which tables there are: an attempt that began before may still report of one that has left. */
function mergeTables(
  known: readonly TableProgress[],
  changed: readonly TableProgress[],
): readonly TableProgress[] {
  const bySource = new Map(known.map((table) => [table.source, table]));
  for (const table of changed) if (bySource.has(table.source)) bySource.set(table.source, table);
  return [...bySource.values()];
}
