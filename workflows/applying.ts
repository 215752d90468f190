/** `apply`: a running pipeline goes on as another spec says. Setup does it, as at a start; the rest is what comes of it. */
import { TemporalFailure, isCancellation } from '@temporalio/workflow';
import type { PipelineSpec } from '../engine/model';
import { describeFailure } from './failures';
import type { AppliedSpec, Asked, Failure } from './messages';
import { isCopying } from './messages/status';
import { clearFailure, goOn, happen } from './run';
import type { Run } from './run';
import { allSettingsFault, captureFault } from './settings';
import { setUp } from './work';

const FIXED = ['source', 'target', 'capture', 'mode'] as const satisfies readonly (keyof PipelineSpec)[];

/** Why a spec can't be applied to a pipeline; null when it can. Whether its tables exist is setup's to say. */
export function applyFault(now: PipelineSpec, asked: unknown): string | null {
  if (!isAsked(asked)) return 'it is no spec of a pipeline';
  const { spec } = asked;
  if (spec.name !== now.name) return `it is for pipeline ${spec.name}`;
  const other = FIXED.find((part) => JSON.stringify(spec[part]) !== JSON.stringify(now[part]));
  if (other !== undefined) return `${other} of a running pipeline can't change`;
  if (spec.tables.length === 0) return 'it lists no table';
  return allSettingsFault(spec.settings) ?? captureFault(spec.capture, spec.settings);
}

/** A client of another version, or none of ours, may have sent it. */
function isAsked(value: unknown): value is Asked {
  if (typeof value !== 'object' || value === null || !('spec' in value && 'removes' in value)) return false;
  const { spec, removes } = value;
  if (typeof spec !== 'object' || spec === null || !Array.isArray(removes)) return false;
  const whole = 'name' in spec && 'tables' in spec && 'settings' in spec;
  return whole && Array.isArray(spec.tables) && typeof spec.settings === 'object' && spec.settings !== null;
}

/**
 * Setup fences what runs, makes what is missing, takes back what is not wanted any more, and leaves the tables that stay
 * as they are. One that was refused has changed nothing. One that failed halfway has raised the checkpoint's generation
 * before anything else, so the next claim is refused, and the former spec is set up again.
 */
export async function applySpec(run: Run, asked: Asked): Promise<Omit<AppliedSpec, 'state'> | Failure> {
  const former = { input: run.input, status: run.status };
  const removable = new Set(asked.removes);
  run.input = { ...run.input, spec: asked.spec };
  run.status = { ...run.status, settings: asked.spec.settings };
  try {
    await setUp(
      run,
      former.status.tables.map(({ source }) => source).filter((table) => !removable.has(table)),
    );
  } catch (error) {
    run.input = former.input;
    run.status = former.status;
    run.applyFailed = true;
    if (isCancellation(error) || !(error instanceof TemporalFailure)) throw error;
    return describeFailure(error);
  }
  run.applyFailed = false;
  run.reportAll = true;
  if (run.status.state === 'failing') {
    clearFailure(run);
    goOn(run);
  } else if (run.status.state !== 'paused') {
    happen(run, isCopying(run.status) ? 'copying' : 'replicating');
  }
  const { tables } = run.status;
  const present = new Set(tables.map(({ source }) => source));
  return {
    copying: tables.filter(({ state }) => state === 'snapshotting').map(({ source }) => source),
    removed: former.status.tables.map(({ source }) => source).filter((source) => !present.has(source)),
  };
}
