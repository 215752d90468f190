/** All pipelines at a glance: what Temporal knows of, and what is only configured. */
import type { PipelineMemo, PipelineState } from '../../../workflows/messages';
import type { Paint } from '../terminal';
import { columns } from './columns';
import { ago } from './figures';
import { paintState } from './status';

/** `not started`: it stands in the configuration, and Temporal has no run of it. */
export interface ListedPipeline {
  readonly pipeline: string;
  readonly source: string;
  readonly target: string;
  readonly mode: PipelineMemo['mode'];
  readonly state: PipelineState | 'not started';
  /** Milliseconds since 1970 of the state's beginning. */
  readonly since: number | null;
  readonly lastError: PipelineMemo['lastError'];
}

export interface JsonList {
  readonly version: 1;
  readonly pipelines: readonly ListedPipeline[];
}

const LAYOUT = [
  { title: 'PIPELINE', align: 'left' },
  { title: 'STATE', align: 'left' },
  { title: 'SINCE', align: 'left' },
  { title: 'FROM', align: 'left' },
  { title: 'TO', align: 'left' },
  { title: 'MODE', align: 'left' },
  { title: 'LAST ERROR', align: 'left' },
] as const;

export function listReport(pipelines: readonly ListedPipeline[], now: number, paint: Paint): string {
  if (pipelines.length === 0) return 'No pipelines: none is configured here, and Temporal has none running.';
  const rows = pipelines.map((each) => [
    paint.bold(each.pipeline),
    each.state === 'not started' ? paint.dim(each.state) : paintState(each.state, paint),
    each.since === null ? '' : ago(each.since, now),
    each.source,
    each.target,
    each.mode,
    each.lastError === null ? '' : paint.red(each.lastError.code),
  ]);
  return columns(LAYOUT, rows, paint.dim);
}
