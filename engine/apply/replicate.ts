/**
 * One attempt of a round: claim, then chunk after chunk until the time is over, reading one chunk ahead of writing.
 * Once caught up it lingers on the source for new changes, so that a change waits for no hop between activities.
 * Tables that were parked and catch up alone get a chunk between the others' chunks; one that fails is parked, and the
 * rest go on. Dead letters to retry are read again at the end of a window one at a time, keys to repair many at a time.
 */
import { isCdcError } from '../errors';
import { oneRange } from '../model';
import type {
  ChunkRequest,
  Pending,
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
import { claimPipeline } from './claim';
import type { Claim, Claimed, ClaimRequest } from './claim';
import type { Copies } from './copy-progress';
import { commitChunk, commitParking, commitPosition, tablesAfter } from './commit';
import type { Movers } from './commit';
import { isKeysFailure, isTableFailure, movingTables, stragglersOf } from './isolation';
import type { Stragglers, TableFailure } from './isolation';
import { createWaitingKeys } from './keys-again';
import type { KeysAgain, WaitingKeys } from './keys-again';
import { keyOf } from './letters';
import { SCHEMA_LOOKS } from './limits';
import { nextRanges, tablesAtOnce, tablesToAsk } from './next-ranges';
import { noticedIn, restOf } from './rest';
import { NEVER_ABORTS } from './signals';
import { ofRestlessSchema, viewSound, viewSource, withoutParked } from './source-view';
import type { RoutesOf, SourceView } from './source-view';
import { createRangeSize } from './range-size';
import type { RangeSize } from './range-size';
import { startTotals } from './totals';
import type { Totals, TotalsEnding } from './totals';

/** Most changes in a chunk of tables that catch up: the others wait for it. */
const STRAGGLER_ROWS = 5_000;

export interface ReplicateContext {
  readonly source: Source;
  readonly target: Target;
  readonly transfer: Transfer;
  readonly now: () => number;
  readonly routesOf: RoutesOf;
  readonly copies: Copies;
}

export interface ReplicateRequest extends ClaimRequest {
  readonly settings: PipelineSettings;
  readonly maxChanges: number | null;
  readonly lingerMs: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (soFar: ReplicateResult) => void;
}

/** Throws what `claimPipeline` and `commitChunk` throw but for one table's own failures, and the databases' codes. */
export async function replicate(
  context: ReplicateContext,
  request: ReplicateRequest,
): Promise<ReplicateResult> {
  const started = context.now();
  const claimed = await claimPipeline(context.source, context.target, request, context.routesOf);
  return new Attempt(context, request, claimed, started + request.lingerMs).run(claimed.failures);
}

/** Where an attempt stands. The one class here: its steps share the claim, the read position and the chunk ahead. */
class Attempt {
  private readonly totals: Totals = startTotals();
  private claim: Claim;
  /** How far has been read and found empty or committed; runs ahead of the checkpoint over others' changes. */
  private readUpTo: Position;
  /** True when nothing of the pipeline's own window is left. */
  private caughtUp = false;
  private ahead: Promise<StagedChunk> | null = null;
  /** As last checked; apart from the claim, which a commit replaces while the next chunk is being staged. */
  private view: SourceView;
  private applied = 0;
  private readonly waiting: WaitingKeys;
  private readonly rangeSize: RangeSize;
  /** How many tables are copied at once. */
  private atOnce = 1;

  constructor(
    private readonly context: ReplicateContext,
    private readonly request: ReplicateRequest,
    { claim, view, retries }: Claimed,
    private readonly until: number,
  ) {
    this.claim = claim;
    this.readUpTo = claim.checkpoint.position;
    this.view = view;
    this.rangeSize = createRangeSize(request.settings.snapshotRows);
    this.waiting = createWaitingKeys(retries, (tables, limit) =>
      context.target.repairs(claim.checkpoint.uuid, { tables, refused: false, limit }),
    );
  }

  async run(failures: readonly TableFailure[]): Promise<ReplicateResult> {
    try {
      const { source, target, copies, now } = this.context;
      this.atOnce = await tablesAtOnce(target, this.request.settings, this.claim.tables);
      if (failures.length > 0) await this.park(failures);
      await copies.begin(source, this.claim.tables, this.view.routes, now());
      while (!this.isOver()) {
        if (!(await this.turn())) break;
      }
      return await this.finish();
    } finally {
      await this.dropAhead();
    }
  }

  /** One step of each who has something to do. False: there is nothing to wait for. */
  private async turn(): Promise<boolean> {
    try {
      await this.waiting.refill(this.claim.tables);
      const idle = await this.advance();
      const alone = await this.catchUp();
      const again = await this.readAgain();
      if (!idle || alone || again) return true;
    } catch (error) {
      // One that names a table which is parked already would be parked again and again.
      if (!isTableFailure(error) || !this.isRead(error.table)) throw error;
      await this.park([error]);
      return true;
    }
    return !(await this.coversGoal()) && (await this.linger());
  }

  private isRead(name: string): boolean {
    return this.claim.tables.some((table) => table.source === name && table.state !== 'parked');
  }

  private isOver(): boolean {
    if (this.request.signal?.aborted === true) return true;
    if (this.request.maxChanges !== null && this.applied >= this.request.maxChanges) return true;
    // With nothing to linger for, an attempt ends when it has caught up, not by the clock.
    return this.request.lingerMs > 0 && this.context.now() >= this.until;
  }

  /** Applies the pipeline's next chunk. True: there was none. */
  private async advance(): Promise<boolean> {
    const chunk = await this.next();
    if (isEmpty(chunk)) {
      await this.context.transfer.discard(chunk);
      this.readUpTo = chunk.to;
      this.caughtUp = true;
      return true;
    }
    this.caughtUp = false;
    this.readAhead(chunk);
    await this.commit(chunk, PIPELINE, this.view.routes);
    this.readUpTo = chunk.to;
    return false;
  }

  private next(): Promise<StagedChunk> {
    const ahead = this.ahead ?? this.stage(this.readUpTo, this.claim.tables, null);
    this.ahead = null;
    return ahead;
  }

  /** `tables`: as they will be when this chunk's turn comes; `last`: the chunk before it. */
  private stage(
    from: Position,
    tables: readonly TableCheckpoint[],
    last: StagedChunk | null,
  ): Promise<StagedChunk> {
    const { atOnce } = this;
    const ranges = nextRanges(tables, this.view.routes, tablesToAsk(last, atOnce));
    const snapshot = ranges.length === 0 ? null : { ranges, limit: this.rangeSize.rows(), atOnce };
    return this.stageWith(from, tables, snapshot);
  }

  private async stageWith(
    from: Position,
    tables: readonly TableCheckpoint[],
    snapshot: SnapshotRequest | null,
  ): Promise<StagedChunk> {
    const { source, transfer, routesOf } = this.context;
    const uncut = this.request.settings.atomic;
    const request: Omit<ChunkRequest, 'schemaToken' | 'routes'> = {
      from,
      limit: this.limit(),
      uncut,
      snapshot,
    };
    for (let look = 1; ; look++) {
      try {
        return await transfer.stage({ ...request, ...this.view });
      } catch (error) {
        if (!isCdcError(error, 'SCHEMA_MOVED')) throw error;
        if (look === SCHEMA_LOOKS) throw ofRestlessSchema(error, this.view.routes);
        // A new index moves the schema too, and a new trigger the routes: `check` throws when columns did.
        this.view = await viewSource(source, from, movingTables(tables), routesOf);
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

  /** `routes`: as the chunk was staged with; `keys`: what its range reads again. */
  private async commit(
    chunk: StagedChunk,
    movers: Movers,
    routes: readonly TableRoute[],
    keys: KeysAgain | null = null,
  ): Promise<void> {
    const { target, now, copies } = this.context;
    const { onError: policy, atomic, sequences, onDelete } = this.request.settings;
    const keepDeleted = onDelete === 'keep';
    const { retry, repairs } = keys ?? { retry: null, repairs: [] };
    const rules = { policy, routes, retry, repairs, sequences, keepDeleted, now: now() };
    const began = now();
    const { claim, applied, removed } = await commitChunk(target, this.claim, chunk, movers, rules);
    if (keys === null) this.rangeSize.took(rowsOf(chunk), now() - began);
    this.claim = claim;
    this.applied += chunk.changes;
    this.totals.add(applied, atomic && chunk.more);
    if (keys !== null) this.totals.touch(keys.table);
    this.waiting.done(keys, removed);
    copies.note(claim.tables, now());
    this.request.onProgress?.(
      this.totals.result(claim.tables, claim.letters, copies, this.ending(false, false, null)),
    );
  }

  /** Stages the next chunk while this one is being merged; a window and ranges read later are applied later. */
  private readAhead(chunk: StagedChunk): void {
    const tables = tablesAfter(this.claim.tables, chunk, PIPELINE);
    // Keys are read again where the pipeline stands, not where it has read.
    if (this.waiting.next(this.claim.tables) !== null) return;
    const isCopying = nextRanges(tables, this.view.routes, 1).length > 0;
    if (this.isOver() || (!chunk.more && !isCopying)) return;
    this.ahead = this.stage(chunk.to, tables, chunk);
    // Its failure is thrown where it is awaited; until then it must not count as unhandled.
    this.ahead.catch(() => undefined);
  }

  /** A chunk of tables that catch up alone. True: there was something to do. */
  private async catchUp(): Promise<boolean> {
    const [group] = stragglersOf(this.claim.tables);
    if (group === undefined || this.isOver()) return false;
    const { source, transfer, routesOf } = this.context;
    const view = await viewSource(source, group.position, group.tables, routesOf);
    const chunk = await transfer.stage({
      ...view,
      from: group.position,
      limit: Math.min(STRAGGLER_ROWS, this.limit()),
      snapshot: null,
    });
    await this.commit(chunk, { kind: 'stragglers', group }, view.routes);
    if (!chunk.more && this.caughtUp) await this.rejoin();
    return true;
  }

  /** What is left of the tables that catch up, and the others' window to the same end, in one commit. */
  private async rejoin(): Promise<void> {
    const [group] = stragglersOf(this.claim.tables);
    if (group === undefined) return;
    await this.dropAhead();
    const { transfer } = this.context;
    const view = await this.viewTogether(group);
    const chunk = await transfer.stage({
      ...view,
      from: this.readUpTo,
      limit: this.request.settings.batchRows,
      snapshot: null,
      behind: group.tables.map(({ source: table }) => ({ table, from: group.position })),
    });
    if (chunk.more) {
      await transfer.discard(chunk);
      return;
    }
    await this.commit(chunk, { kind: 'rejoined', group }, view.routes);
    this.readUpTo = chunk.to;
    this.view = view;
  }

  /** Reads the source's rows of some keys again, at the end of a window. True: there were some. */
  private async readAgain(): Promise<boolean> {
    const keys = this.waiting.next(this.claim.tables);
    const route = this.view.routes.find(({ id }) => id === keys?.table);
    if (keys === null || route === undefined || this.isOver()) return false;
    await this.dropAhead();
    try {
      const wanted = keys.retry === null ? keys.repairs : [keys.retry];
      const only = wanted.map((entry) => this.context.source.cursorOf(keyOf(route, entry)));
      const range = { table: keys.table, after: null, replace: true, only };
      const request = oneRange(range, wanted.length);
      const chunk = await this.stageWith(this.readUpTo, this.claim.tables, request);
      // Where changes are left in the window they were not read: they are after them.
      await this.commit(chunk, PIPELINE, this.view.routes, chunk.snapshot.length === 0 ? null : keys);
      this.readUpTo = chunk.to;
    } catch (error) {
      // What parks the table, or is too much at once, shall keep no other key from being repaired.
      if (!isKeysFailure(error, keys.table) || !this.waiting.separate(keys)) throw error;
    }
    return true;
  }

  /** The pipeline's tables and the group's, each checked from where it stands. */
  private async viewTogether(group: Stragglers): Promise<SourceView> {
    const { source, routesOf } = this.context;
    const tables = [...movingTables(this.claim.tables), ...group.tables];
    await viewSource(source, group.position, group.tables, routesOf);
    const { schemaToken } = await viewSource(
      source,
      this.readUpTo,
      movingTables(this.claim.tables),
      routesOf,
    );
    return { routes: await routesOf(tables), schemaToken };
  }

  /** Sets tables aside, and goes on with the rest from the last commit. */
  private async park(failures: readonly TableFailure[]): Promise<void> {
    const { source, target, routesOf } = this.context;
    await this.dropAhead();
    this.claim = await commitParking(target, this.claim, failures);
    this.readUpTo = this.claim.checkpoint.position;
    const sound = await viewSound(source, this.readUpTo, movingTables(this.claim.tables), routesOf);
    this.view = withoutParked(sound.view, this.claim.tables);
    if (sound.failures.length > 0) await this.park(sound.failures);
  }

  private async linger(): Promise<boolean> {
    const left = this.until - this.context.now();
    if (this.request.lingerMs === 0 || left <= 0) return false;
    const signal = this.request.signal ?? NEVER_ABORTS;
    await this.context.source.waitForChange(this.readUpTo, this.view.routes, left, signal);
    return true;
  }

  private async coversGoal(): Promise<boolean> {
    const { goal } = this.claim.checkpoint;
    if (goal === null || this.claim.tables.some((table) => table.state === 'snapshotting')) return false;
    if (stragglersOf(this.claim.tables).length > 0) return false;
    return this.context.source.covers(this.readUpTo, goal);
  }

  private async finish(): Promise<ReplicateResult> {
    await this.dropAhead();
    // Once a round: changes of tables that are not ours were passed over, and purging should not wait for them.
    if (this.readUpTo !== this.claim.checkpoint.position) {
      this.claim = await commitPosition(this.context.target, this.claim, this.readUpTo);
    }
    const rest = await restOf(this.context, this.claim, this.readUpTo);
    const reachedGoal = !rest.keys && (await this.coversGoal());
    return this.totals.result(
      this.claim.tables,
      this.claim.letters,
      this.context.copies,
      this.ending(this.caughtUp && rest.isNothing, reachedGoal, rest.pending),
    );
  }

  private async dropAhead(): Promise<void> {
    const { ahead } = this;
    this.ahead = null;
    if (ahead === null) return;
    const chunk = await ahead.catch(() => null);
    if (chunk !== null) await this.context.transfer.discard(chunk);
  }

  private ending(caughtUp: boolean, reachedGoal: boolean, pending: Pending | null): TotalsEnding {
    const oldest = pending?.oldestChangedAt ?? null;
    return {
      caughtUp,
      reachedGoal,
      backlog: pending?.count ?? 0,
      lagMs: oldest === null ? 0 : Math.max(0, this.context.now() - oldest),
      noticed: noticedIn(this.context.source, this.claim),
    };
  }
}

const PIPELINE: Movers = { kind: 'pipeline' };

function isEmpty(chunk: StagedChunk): boolean {
  return chunk.changes === 0 && chunk.snapshot.length === 0;
}

function rowsOf({ snapshot }: StagedChunk): number {
  return snapshot.reduce((sum, { rows }) => sum + rows, 0);
}
