/**
 * One attempt of a round: claim, then chunk after chunk until the time is over, reading one chunk ahead of writing.
 * Once caught up it lingers on the source for new changes, so that a change waits for no hop between activities.
 */
import { isCdcError } from '../errors';
import type {
  ChunkRequest,
  PipelineSettings,
  Position,
  ReplicateResult,
  SnapshotRequest,
  Source,
  StagedChunk,
  TableCheckpoint,
  TableRoute,
  Target,
  Transfer,
} from '../model';
import { checkRoutes, claimPipeline, requireClaimed } from './claim';
import type { Claim, ClaimRequest } from './claim';
import { commitChunk, tablesAfter } from './commit';
import { BACKLOG_COUNT_LIMIT, SCHEMA_LOOKS } from './limits';
import { NEVER_ABORTS } from './signals';
import { startTotals } from './totals';
import type { Totals, TotalsEnding } from './totals';

export interface ReplicateContext {
  readonly source: Source;
  readonly target: Target;
  readonly transfer: Transfer;
  readonly now: () => number;
  readonly routesOf: (tables: readonly TableCheckpoint[]) => Promise<readonly TableRoute[]>;
}

export interface ReplicateRequest extends ClaimRequest {
  readonly settings: PipelineSettings;
  readonly maxChanges: number | null;
  readonly lingerMs: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (soFar: ReplicateResult) => void;
}

/** Throws what `claimPipeline` and `commitChunk` throw, and the databases' codes. */
export async function replicate(
  context: ReplicateContext,
  request: ReplicateRequest,
): Promise<ReplicateResult> {
  const started = context.now();
  const claim = await claimPipeline(context.source, context.target, request, context.routesOf);
  return new Attempt(context, request, claim, started + request.lingerMs).run();
}

/** Where an attempt stands. The one class here: its steps share the claim, the read position and the chunk ahead. */
class Attempt {
  private readonly totals: Totals = startTotals();
  /** How far has been read and found empty or committed; runs ahead of the checkpoint over others' changes. */
  private readUpTo: Position;
  private ahead: Promise<StagedChunk> | null = null;
  /** As last checked; apart from the claim, which a commit replaces while the next chunk is being staged. */
  private schema: Pick<Claim, 'routes' | 'schemaToken'>;
  private applied = 0;

  constructor(
    private readonly context: ReplicateContext,
    private readonly request: ReplicateRequest,
    private claim: Claim,
    private readonly until: number,
  ) {
    this.readUpTo = claim.checkpoint.position;
    this.schema = claim;
  }

  async run(): Promise<ReplicateResult> {
    try {
      let caughtUp = false;
      while (!this.isOver()) {
        const chunk = await this.next();
        if (isEmpty(chunk)) {
          await this.context.transfer.discard(chunk);
          this.readUpTo = chunk.to;
          caughtUp = true;
          if ((await this.coversGoal()) || !(await this.linger())) break;
          continue;
        }
        caughtUp = false;
        await this.apply(chunk);
      }
      return await this.finish(caughtUp);
    } finally {
      await this.dropAhead();
    }
  }

  private isOver(): boolean {
    if (this.request.signal?.aborted === true) return true;
    if (this.request.maxChanges !== null && this.applied >= this.request.maxChanges) return true;
    // With nothing to linger for, an attempt ends when it has caught up, not by the clock.
    return this.request.lingerMs > 0 && this.context.now() >= this.until;
  }

  private next(): Promise<StagedChunk> {
    const ahead = this.ahead ?? this.stage(this.readUpTo, this.claim.tables);
    this.ahead = null;
    return ahead;
  }

  /** `tables`: as they will be when this chunk's turn comes. */
  private async stage(from: Position, tables: readonly TableCheckpoint[]): Promise<StagedChunk> {
    const { source, transfer, routesOf } = this.context;
    const snapshot = nextSnapshot(tables);
    const chunkRequest: Omit<ChunkRequest, 'schemaToken' | 'routes'> = {
      from,
      limit: this.limit(),
      snapshot: snapshot === null ? null : { ...snapshot, limit: this.request.settings.snapshotRows },
    };
    for (let look = 1; ; look++) {
      try {
        return await transfer.stage({ ...chunkRequest, ...this.schema });
      } catch (error) {
        if (!isCdcError(error, 'SCHEMA_MOVED') || look === SCHEMA_LOOKS) throw error;
        // A new index moves the schema too, and a new trigger the routes: `check` throws when columns did.
        this.schema = await checkRoutes(source, from, tables, routesOf);
      }
    }
  }

  /** Most changes in the next chunk. An atomic window is not cut for the sake of `maxChanges`. */
  private limit(): number {
    const { settings, maxChanges } = this.request;
    if (settings.atomic) return settings.atomicRows;
    const left = maxChanges === null ? settings.batchRows : maxChanges - this.applied;
    return Math.min(settings.batchRows, Math.max(1, left));
  }

  private async apply(chunk: StagedChunk): Promise<void> {
    this.applied += chunk.changes;
    this.readAhead(chunk);
    this.claim = await commitChunk(this.context.target, this.claim, chunk, this.context.now());
    this.readUpTo = chunk.to;
    this.totals.add(chunk, this.request.settings.atomic && chunk.more);
    this.request.onProgress?.(this.totals.result(this.claim.tables, this.ending(false, false, null)));
  }

  /** Stages the next chunk while this one is being merged; a window and a range read later are applied later. */
  private readAhead(chunk: StagedChunk): void {
    const tables = tablesAfter(this.claim.tables, chunk);
    if (this.isOver() || (!chunk.more && nextSnapshot(tables) === null)) return;
    this.ahead = this.stage(chunk.to, tables);
    // Its failure is thrown where it is awaited; until then it must not count as unhandled.
    this.ahead.catch(() => undefined);
  }

  private async linger(): Promise<boolean> {
    const left = this.until - this.context.now();
    if (this.request.lingerMs === 0 || left <= 0) return false;
    const signal = this.request.signal ?? NEVER_ABORTS;
    await this.context.source.waitForChange(this.readUpTo, this.schema.routes, left, signal);
    return true;
  }

  private async coversGoal(): Promise<boolean> {
    const { goal } = this.claim.checkpoint;
    if (goal === null || this.claim.tables.some((table) => table.state === 'snapshotting')) return false;
    return this.context.source.covers(this.readUpTo, goal);
  }

  private async finish(caughtUp: boolean): Promise<ReplicateResult> {
    await this.dropAhead();
    if (this.readUpTo !== this.claim.checkpoint.position) await this.savePosition();
    const pending = await this.context.source.pending(this.readUpTo, this.schema.routes, BACKLOG_COUNT_LIMIT);
    const nothingLeft =
      pending.count === 0 && this.claim.tables.every((table) => table.state !== 'snapshotting');
    const reachedGoal = await this.coversGoal();
    return this.totals.result(this.claim.tables, this.ending(caughtUp && nothingLeft, reachedGoal, pending));
  }

  /** Once a round: changes of tables that are not ours were passed over, and purging should not wait for them. */
  private async savePosition(): Promise<void> {
    const { name } = this.claim.checkpoint;
    await this.context.target.transaction(null, async (tx) => {
      const locked = requireClaimed(await tx.lockCheckpoint(name), this.claim);
      await tx.saveCheckpoint({ ...locked, seq: locked.seq + 1, position: this.readUpTo });
    });
  }

  private async dropAhead(): Promise<void> {
    const { ahead } = this;
    this.ahead = null;
    if (ahead === null) return;
    const chunk = await ahead.catch(() => null);
    if (chunk !== null) await this.context.transfer.discard(chunk);
  }

  private ending(
    caughtUp: boolean,
    reachedGoal: boolean,
    pending: { readonly count: number; readonly oldestChangedAt: number | null } | null,
  ): TotalsEnding {
    const oldest = pending?.oldestChangedAt ?? null;
    return {
      caughtUp,
      reachedGoal,
      backlog: pending?.count ?? 0,
      lagMs: oldest === null ? 0 : Math.max(0, this.context.now() - oldest),
    };
  }
}

type NextSnapshot = Omit<SnapshotRequest, 'limit'>;

function isEmpty(chunk: StagedChunk): boolean {
  return chunk.changes === 0 && chunk.snapshot === null;
}

/** The range to copy next; one table after the other. */
function nextSnapshot(tables: readonly TableCheckpoint[]): NextSnapshot | null {
  const next = tables.find((table) => table.state === 'snapshotting');
  return next === undefined ? null : { table: next.source, after: next.cursor, replace: next.replace };
}
