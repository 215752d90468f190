/**
 * One attempt of a round: claim, then chunk after chunk until the time is over, reading one chunk ahead of writing.
 * Once caught up it lingers on the source for new changes, so that a change waits for no hop between activities.
 */
import { CdcError, isCdcError } from '../errors';
import type {
  ChunkRequest,
  PipelineSettings,
  Position,
  ReplicateResult,
  SnapshotProgress,
  SnapshotRequest,
  Source,
  StagedChunk,
  TableCheckpoint,
  TableRoute,
  Target,
  Transfer,
} from '../model';
import { claimPipeline, routesToCheck } from './claim';
import type { Claim, ClaimRequest } from './claim';
import { commitChunk } from './commit';
import { startTotals } from './totals';
import type { Totals, TotalsEnding } from './totals';

/** A count of the backlog stops here: beyond it only "more than" matters. */
const BACKLOG_COUNT_LIMIT = 10_000_000;

/** How often a schema that moves under the reader is looked at again before the attempt gives up. */
const SCHEMA_LOOKS = 5;

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
  private schemaToken: string;
  private applied = 0;

  constructor(
    private readonly context: ReplicateContext,
    private readonly request: ReplicateRequest,
    private claim: Claim,
    private readonly until: number,
  ) {
    this.readUpTo = claim.checkpoint.position;
    this.schemaToken = claim.schemaToken;
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
    const ahead = this.ahead ?? this.stage(this.readUpTo, nextSnapshot(this.claim.tables, null));
    this.ahead = null;
    return ahead;
  }

  private async stage(from: Position, snapshot: NextSnapshot | null): Promise<StagedChunk> {
    const { settings, maxChanges } = this.request;
    const limit = settings.atomic ? settings.atomicRows : settings.batchRows;
    const chunkRequest: Omit<ChunkRequest, 'schemaToken'> = {
      from,
      routes: this.claim.routes,
      limit: maxChanges === null ? limit : Math.min(limit, Math.max(1, maxChanges - this.applied)),
      snapshot: snapshot === null ? null : { ...snapshot, limit: settings.snapshotRows },
    };
    for (let look = 1; ; look++) {
      try {
        return await this.context.transfer.stage({ ...chunkRequest, schemaToken: this.schemaToken });
      } catch (error) {
        if (!isCdcError(error, 'SCHEMA_MOVED') || look === SCHEMA_LOOKS) throw error;
        // A new index moves the schema too: `check` throws when a captured table really changed.
        this.schemaToken = await this.context.source.check(
          from,
          routesToCheck(this.claim.routes, this.claim.tables),
        );
      }
    }
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
    const snapshot = nextSnapshot(this.claim.tables, chunk.snapshot);
    if (this.isOver() || (!chunk.more && snapshot === null)) return;
    this.ahead = this.stage(chunk.to, snapshot);
    // Its failure is thrown where it is awaited; until then it must not count as unhandled.
    this.ahead.catch(() => undefined);
  }

  private async linger(): Promise<boolean> {
    const left = this.until - this.context.now();
    if (this.request.lingerMs === 0 || left <= 0) return false;
    const signal = this.request.signal ?? NEVER;
    await this.context.source.waitForChange(this.readUpTo, this.claim.routes, left, signal);
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
    const pending = await this.context.source.pending(this.readUpTo, this.claim.routes, BACKLOG_COUNT_LIMIT);
    const nothingLeft =
      pending.count === 0 && this.claim.tables.every((table) => table.state !== 'snapshotting');
    const reachedGoal = await this.coversGoal();
    return this.totals.result(this.claim.tables, this.ending(caughtUp && nothingLeft, reachedGoal, pending));
  }

  /** Once a round: changes of tables that are not ours were passed over, and purging should not wait for them. */
  private async savePosition(): Promise<void> {
    const { name, uuid, epoch } = this.claim.checkpoint;
    await this.context.target.transaction(null, async (tx) => {
      const locked = await tx.lockCheckpoint(name);
      if (locked === null || locked.uuid !== uuid || locked.epoch !== epoch) {
        throw new CdcError('EPOCH_LOST', `Another attempt has claimed pipeline ${name}`);
      }
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

const NEVER: AbortSignal = new AbortController().signal;

type NextSnapshot = Omit<SnapshotRequest, 'limit'>;

function isEmpty(chunk: StagedChunk): boolean {
  return chunk.changes === 0 && chunk.snapshot === null;
}

/** The range to copy after `done` (still being merged, so not in `tables` yet); one table after the other. */
function nextSnapshot(
  tables: readonly TableCheckpoint[],
  done: SnapshotProgress | null,
): NextSnapshot | null {
  if (done !== null && !done.finished) {
    const table = tables.find((entry) => entry.source === done.table);
    return { table: done.table, after: done.cursor, replace: table?.replace ?? false };
  }
  const next = tables.find((table) => table.state === 'snapshotting' && table.source !== done?.table);
  return next === undefined ? null : { table: next.source, after: next.cursor, replace: next.replace };
}
