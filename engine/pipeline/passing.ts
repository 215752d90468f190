/** Waiting until the pipeline has passed a position, table by table; and why that may never be. */
import { isCdcError } from '../errors';
import type { Position, Source, TableRoute } from '../model';
import type { PipelineContext } from './context';
import { inspectPipeline } from './inspect';
import { hasPassed, lookUntil } from './look-until';
import type { Waiting } from './look-until';

export interface PassingOptions extends Waiting {
  /** Called before the first wait that is one. */
  readonly onWait?: () => void;
}

/** Waits until a table has all that a position covers. Answers why it can't be waited for, null when it has. */
export type Passing = (route: TableRoute, goal: Position) => Promise<string | null>;

/** What does not go on is not waited for twice. */
export function createPassing(
  context: PipelineContext,
  source: Source,
  { onWait, ...waiting }: PassingOptions,
): Passing {
  const standing = new Map<string, string>();
  let stopped: string | null = null;
  let told = false;
  const conclude = ({ id }: TableRoute, sight: Sight, ended: boolean): string | null => {
    if (sight === 'passed') return null;
    if (typeof sight === 'object') standing.set(id, sight.because);
    else if (sight === 'copying') standing.set(id, `table ${id} is still being copied`);
    else if (!ended) stopped = whyStopped(waiting);
    return stopped ?? standing.get(id) ?? null;
  };
  return async (route, goal) => {
    const known = stopped ?? standing.get(route.id);
    if (known !== undefined) return known;
    let sight: Sight = 'behind';
    const ended = await lookUntil(context.ports, waiting, async () => {
      sight = await sightOf(context, source, route, goal);
      if (sight !== 'behind' && sight !== 'copying') return true;
      if (!told) onWait?.();
      told = true;
      return false;
    });
    return conclude(route, sight, ended);
  };
}

/** Where a table stands to a goal; `because`: it will not get there by itself. */
type Sight = 'passed' | 'behind' | 'copying' | { readonly because: string };

async function sightOf(
  context: PipelineContext,
  source: Source,
  route: TableRoute,
  goal: Position,
): Promise<Sight> {
  try {
    const inspected = await inspectPipeline(context);
    const table = inspected.tables.find((entry) => entry.source === route.id);
    const failure = inspected.failures.find((entry) => entry.table === route.id);
    if (table === undefined) return { because: `table ${route.id} is not in the pipeline any more` };
    if (table.state === 'parked') return { because: `table ${route.id} is parked` };
    if (failure !== undefined) return { because: `${failure.code}: ${failure.message}` };
    if (table.state === 'snapshotting') return 'copying';
    return table.position === null && (await hasPassed(source, inspected, goal)) ? 'passed' : 'behind';
  } catch (error) {
    // What makes a pipeline unsound is for `cdc health` to explain; the rows can still be compared.
    if (!isCdcError(error) || error.retryable) throw error;
    return { because: `${error.code}: ${error.message}` };
  }
}

function whyStopped({ timeoutMs, signal }: Waiting): string {
  const reason: unknown = signal?.aborted === true ? signal.reason : null;
  if (reason instanceof Error && reason.message !== '') return reason.message;
  return timeoutMs === 0
    ? 'changes are waiting to be applied'
    : `the pipeline did not apply what had been written within ${String(Math.round(timeoutMs / 1000))} s`;
}
