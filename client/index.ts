/**
 * The client: starts, steers and watches pipelines through Temporal, and opens no database. `connect` makes one over
 * a connection of its own, `createCdcClient` over yours; `errors.ts` says what they throw, `liveness.ts` how a dead
 * worker is told from a living one. The command line in `cli/` is built on it.
 */
export { createCdcClient } from './cdc-client';
export type { ApplyOptions, CdcClient, CdcClientOptions, StartOptions } from './cdc-client';
export { setupText } from './setup-text';
export { connect } from './connect';
export type { ConnectOptions, ConnectedCdcClient } from './connect';
export { CdcClientError } from './errors';
export type { ClientErrorCode } from './errors';
export type { ScheduleReport, ScheduledRunReport } from './schedule-report';
export type { Schedules } from './schedules';
export type { PipelineReport } from './status';
export type { ScheduleTiming } from '../workflows/messages/schedules';
export { DEFAULT_SETTINGS } from '../engine/model';
export type {
  BacklogLimit,
  CaptureStrategy,
  PipelineMode,
  PipelineSettings,
  PipelineSpec,
  RowFailurePolicy,
  SetupProgress,
  TableMapping,
  CopyProgress,
  TableProgress,
  TableState,
  TransportKind,
} from '../engine/model';
export { DEFAULT_TASK_QUEUE, workflowIdOf } from '../workflows/messages';
export type {
  Accepted,
  AppliedSpec,
  Failure,
  FailureCode,
  LastError,
  PipelineMemo,
  PipelineState,
  PipelineStatus,
  Resumed,
  Resynced,
  Steered,
} from '../workflows/messages';
