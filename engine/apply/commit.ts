/** The transactions that move a pipeline forward, each under the epoch: rows, counts and positions together. */
import { sourceNameOf } from '../model';
import type {
  Checkpoint,
  Position,
  SetAside,
  StagedChunk,
  TableCheckpoint,
  TableRoute,
  Target,
  TargetTransaction,
} from '../model';
import { requireClaimed } from './claim';
import type { Claim } from './claim';
import { parkTables } from './isolation';
import type { Stragglers, TableFailure } from './isolation';
import { mayBeSetAside, settleLetters, withoutAside } from './letters';
import type { LetterRules } from './letters';
import { refusedRepairs, settleRepairs } from './repairs';
import { raiseCopied } from './sequences';

/** Whom a chunk moves: the pipeline, tables that catch up alone, or both to one position, which they share from then on. */
export type Movers =
  | { readonly kind: 'pipeline' }
  | { readonly kind: 'stragglers'; readonly group: Stragglers }
  | { readonly kind: 'rejoined'; readonly group: Stragglers };

/** What a commit goes by. */
export interface CommitRules extends LetterRules {
  /** Raise the target's sequences when a copy ends with it. */
  readonly sequences: boolean;
  /** Nothing that the target holds is deleted (`onDelete: keep`). */
  readonly keepDeleted: boolean;
}

/** What a commit has done. */
export interface Committed {
  /** As it stands after it. */
  readonly claim: Claim;
  /** The chunk without what was set aside. */
  readonly applied: StagedChunk;
  /** Ids of dead letters that are gone. */
  readonly removed: readonly string[];
}

/**
 * Commits a staged chunk. Throws EPOCH_LOST when another attempt has claimed, or a fence was raised, since; nothing is
 * written then.
 */
export async function commitChunk(
  target: Target,
  claim: Claim,
  chunk: StagedChunk,
  movers: Movers,
  rules: CommitRules,
): Promise<Committed> {
  return target.transaction(chunk, async (tx) => {
    const locked = requireClaimed(await tx.lockCheckpoint(claim.checkpoint.name), claim);
    const stale = staleTables(claim.tables);
    const { keepDeleted } = rules;
    const refusedRows = await tx.merge(chunk, {
      stale,
      keepDeleted,
      ...mayBeSetAside(claim.tables, rules),
    });
    const aside = refusedRows.map((row) => inWordsOfSource(row, rules.routes));
    const beginning = beginningCopies(claim.tables, chunk, rules);
    const seq = locked.seq + 1;
    const refused = refusedRepairs(rules, aside);
    const told = new Set(refused.values());
    const letters = aside.filter((row) => !told.has(row));
    const settling = { tx, uuid: locked.uuid, seq, chunk, rules, aside: letters, refused, beginning };
    const { counts, removed, first } = await settleLetters(settling, claim.letters);
    await settleRepairs(tx, locked.uuid, chunk, rules, refused);
    const applied = withoutAside(chunk, aside, first);
    // A range of single keys is no part of a copy.
    const counted = isOfKeys(rules) ? { ...applied, snapshot: [] } : applied;
    if (rules.sequences) await raiseCopied(tx, counted, rules.routes);
    const after = await save(tx, claim, tablesAfter(claim.tables, counted, movers), {
      // From the locked row: markSynced may have raised ackedSeq since the claim.
      ...locked,
      position: movers.kind === 'stragglers' ? locked.position : chunk.to,
      lastAppliedAt: rules.now,
    });
    return { claim: { ...after, letters: counts }, applied: counted, removed };
  });
}

/** The target names the column at fault as it is called there. */
function inWordsOfSource(row: SetAside, routes: readonly TableRoute[]): SetAside {
  const route = routes.find(({ id }) => id === row.table);
  return row.column === null || route === undefined
    ? row
    : { ...row, column: sourceNameOf(route, row.column) };
}

function isOfKeys({ retry, repairs }: LetterRules): boolean {
  return retry !== null || repairs.length > 0;
}

/** The tables whose first ranges a chunk holds. */
function beginningCopies(
  tables: readonly TableCheckpoint[],
  chunk: StagedChunk,
  rules: LetterRules,
): readonly string[] {
  if (isOfKeys(rules)) return [];
  const ranged = new Set(chunk.snapshot.map(({ table }) => table));
  return tables
    .filter(({ source, cursor }) => ranged.has(source) && cursor === null)
    .map(({ source }) => source);
}

/** Moves the pipeline over what holds nothing of its own. Throws EPOCH_LOST. */
export async function commitPosition(target: Target, claim: Claim, position: Position): Promise<Claim> {
  return target.transaction(null, async (tx) => {
    const locked = requireClaimed(await tx.lockCheckpoint(claim.checkpoint.name), claim);
    return save(tx, claim, claim.tables, { ...locked, position });
  });
}

/** Parks tables, and those that reference them. Throws EPOCH_LOST. */
export async function commitParking(
  target: Target,
  claim: Claim,
  failures: readonly TableFailure[],
): Promise<Claim> {
  // Asked outside of the transaction, which may hold the only connection.
  const targets = await target.tables();
  return target.transaction(null, async (tx) => {
    const locked = requireClaimed(await tx.lockCheckpoint(claim.checkpoint.name), claim);
    return save(tx, claim, parkTables(claim.tables, failures, locked.position, targets), locked);
  });
}

/** Saves what has changed, as the next seq. */
async function save(
  tx: TargetTransaction,
  claim: Claim,
  tables: readonly TableCheckpoint[],
  moved: Checkpoint,
): Promise<Claim> {
  const changed = tables.filter((table, index) => table !== claim.tables[index]);
  if (changed.length > 0) await tx.saveTables(moved.uuid, changed);
  const checkpoint: Checkpoint = { ...moved, seq: moved.seq + 1 };
  await tx.saveCheckpoint(checkpoint);
  return { ...claim, checkpoint, tables };
}

/** Tables that are being copied over rows of before. */
function staleTables(tables: readonly TableCheckpoint[]): readonly string[] {
  return tables
    .filter((table) => table.state === 'snapshotting' && table.replace)
    .map((table) => table.source);
}

/** `tables` as a chunk leaves them; those that it does not touch are the same objects. */
export function tablesAfter(
  tables: readonly TableCheckpoint[],
  chunk: StagedChunk,
  movers: Movers,
): readonly TableCheckpoint[] {
  const counts = new Map(chunk.counts.map((entry) => [entry.table, entry]));
  const ranges = new Map(chunk.snapshot.map((range) => [range.table, range]));
  const alone = new Set(movers.kind === 'pipeline' ? [] : movers.group.tables.map((table) => table.source));
  return tables.map((table): TableCheckpoint => {
    const count = counts.get(table.source);
    const range = ranges.get(table.source);
    const moved: TableCheckpoint = alone.has(table.source)
      ? { ...table, position: movers.kind === 'stragglers' ? chunk.to : null }
      : table;
    if (count === undefined && range === undefined) return moved;
    const counted: TableCheckpoint = {
      ...moved,
      inserted: table.inserted + (count?.inserted ?? 0),
      updated: table.updated + (count?.updated ?? 0),
      deleted: table.deleted + (count?.deleted ?? 0),
    };
    if (range === undefined) return counted;
    const copied = { ...counted, snapshotRows: table.snapshotRows + range.rows, cursor: range.cursor };
    return range.finished ? { ...copied, state: 'replicating', replace: false, cursor: null } : copied;
  });
}
