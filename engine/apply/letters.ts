/**
 * Dead letters inside a commit: which of them a chunk supersedes, which ones it adds, and when that is too many. All of
 * it happens in the chunk's own transaction, so that a key is either applied or set aside, never both and never neither.
 */
import { CdcError, tooManySetAside } from '../errors';
import type {
  DeadLetterEntry,
  MergeOptions,
  OperationCounts,
  RepairKey,
  RowFailurePolicy,
  SetAside,
  StagedChunk,
  StoredDeadLetter,
  TableCheckpoint,
  TableCounts,
  TableRoute,
  TargetTransaction,
  Tuple,
} from '../model';
import { decodeRow, encodeRow, rowOf } from './row-text';

const HOUR_MS = 60 * 60 * 1000;

/** What a commit goes by. */
export interface LetterRules {
  readonly policy: RowFailurePolicy;
  /** As the chunk was staged with. */
  readonly routes: readonly TableRoute[];
  /** The letter whose key the chunk's range is, if it is one. */
  readonly retry: DeadLetterEntry | null;
  /** The keys of one table to repair which the chunk's range is, if it is any. */
  readonly repairs: readonly RepairKey[];
  readonly now: number;
}

/** What the target refused, by the key to repair whose row it was. */
export type RefusedRepairs = ReadonlyMap<RepairKey, SetAside>;

/** How many letters each table has, by source name; those without are absent. */
export type LetterCounts = ReadonlyMap<string, number>;

export function countLetters(letters: readonly DeadLetterEntry[]): LetterCounts {
  const counts = new Map<string, number>();
  for (const { table } of letters) counts.set(table, (counts.get(table) ?? 0) + 1);
  return counts;
}

/** Of which tables rows may be set aside in this commit, and how many. */
export function mayBeSetAside(
  tables: readonly TableCheckpoint[],
  { policy, retry, repairs }: LetterRules,
): Pick<MergeOptions, 'setAside' | 'mostSetAside'> {
  const again = retry ?? repairs[0];
  if (policy.action === 'park') return { setAside: again === undefined ? [] : [again.table] };
  // Those that are read again may have their letters already.
  const mostSetAside = policy.perHour + (retry === null ? repairs.length : 1);
  return { setAside: tables.map((table) => table.source), mostSetAside };
}

/** What a commit works with. */
export interface Settling {
  readonly tx: TargetTransaction;
  readonly uuid: string;
  /** The commit's own, so that ids are never used twice. */
  readonly seq: number;
  readonly chunk: StagedChunk;
  readonly rules: LetterRules;
  readonly aside: readonly SetAside[];
  /** The keys to repair whose rows the target refused, and of which no letters are to be made. */
  readonly refused: RefusedRepairs;
  /** Tables whose copy begins with this chunk: their letters are of before. */
  readonly beginning: readonly string[];
}

/** What became of letters. */
export interface Settled {
  readonly counts: LetterCounts;
  /** Ids of letters that are gone, or were replaced. */
  readonly removed: readonly string[];
  /** Set aside rows whose keys had no letter before. */
  readonly first: ReadonlySet<SetAside>;
}

/**
 * Removes the letters whose keys the chunk applies and adds those of the rows it did not apply. Throws
 * DEAD_LETTER_LIMIT; CONSTRAINT_FAILED or TYPE_MISMATCH where rows may be set aside for a retry only.
 */
export async function settleLetters(settling: Settling, before: LetterCounts): Promise<Settled> {
  const { chunk, rules, aside } = settling;
  const touched = new Set([...chunk.counts, ...chunk.snapshot].map(({ table }) => table));
  const counts = new Map(before);
  const removed: string[] = [];
  const first = new Set<SetAside>();
  for (const route of rules.routes) {
    const own = aside.filter(({ table }) => table === route.id);
    const stands = touched.has(route.id) && (before.get(route.id) ?? 0) > 0;
    if (own.length === 0 && !stands) continue;
    const settled = await settleTable(settling, route, own);
    if (settled.count === 0) counts.delete(route.id);
    else counts.set(route.id, settled.count);
    removed.push(...settled.removed);
    settled.first.forEach((row) => first.add(row));
  }
  return { counts, removed, first };
}

async function settleTable(
  { tx, uuid, seq, chunk, rules, beginning, aside, refused }: Settling,
  route: TableRoute,
  own: readonly SetAside[],
): Promise<{
  readonly count: number;
  readonly removed: readonly string[];
  readonly first: readonly SetAside[];
}> {
  const known = new Map((await tx.deadLetters(uuid, route.id)).map((letter) => [letter.key, letter]));
  const failed = new Map(own.map((row) => [encodeRow(rowOf(route.key, row.key)), row]));
  const gone = beginning.includes(route.id)
    ? [...known.values()]
    : await superseded(tx, chunk, route, [...known.values()], { ...rules, refused });
  const letters = [...failed].map(([key, row]): StoredDeadLetter => {
    const letter = newLetter(route, key, row, `${String(seq)}-${String(aside.indexOf(row) + 1)}`, rules.now);
    const former = known.get(key);
    // Whoever asked for it, it was the same row's turn again.
    const isRead = rules.repairs.some((repair) => repair.table === route.id && repair.key === key);
    const retried = former !== undefined && (isRead || former.id === rules.retry?.id);
    return retried
      ? { ...letter, id: former.id, setAsideAt: former.setAsideAt, attempts: former.attempts + 1 }
      : letter;
  });
  const stay = [...known.values()].filter((letter) => !gone.includes(letter) && !failed.has(letter.key));
  refuseTooMany(route, rules, stay, letters);
  const kept = new Set(letters.map(({ id }) => id));
  const removed = [...known.values()].filter((letter) => !stay.includes(letter) && !kept.has(letter.id));
  if (removed.length > 0)
    await tx.removeDeadLetters(
      uuid,
      removed.map(({ id }) => id),
    );
  if (letters.length > 0) await tx.saveDeadLetters(uuid, letters);
  return {
    count: stay.length + letters.length,
    removed: removed.map(({ id }) => id),
    first: own.filter((row) => !known.has(encodeRow(rowOf(route.key, row.key)))),
  };
}

/** The letters whose keys the chunk holds, and the one that was read again: there may be no row under its key. */
async function superseded(
  tx: TargetTransaction,
  chunk: StagedChunk,
  route: TableRoute,
  letters: readonly DeadLetterEntry[],
  { retry, repairs, refused }: LetterRules & Pick<Settling, 'refused'>,
): Promise<readonly DeadLetterEntry[]> {
  if (letters.length === 0) return [];
  const keys = letters.map((letter) => keyOf(route, letter));
  const touched = await tx.touched(chunk, route.id, keys);
  const read = chunk.snapshot.length === 0 ? [] : repairs.filter(({ table }) => table === route.id);
  const repaired = new Map(read.map((repair) => [repair.key, repair]));
  return letters.filter(({ id, key }, index) => {
    const repair = repaired.get(key);
    if (repair !== undefined) return !refused.has(repair);
    return touched[index] === true || id === retry?.id;
  });
}

/** Values of the route's key columns. */
export function keyOf(route: TableRoute, entry: Pick<DeadLetterEntry, 'key'>): Tuple {
  const key = decodeRow(entry.key);
  return route.key.map((column) => key[column] ?? null);
}

function newLetter(
  route: TableRoute,
  key: string,
  { op, row, code, column }: SetAside,
  id: string,
  now: number,
): StoredDeadLetter {
  return {
    id,
    table: route.id,
    key,
    op,
    row: row === null ? null : encodeRow(rowOf(route.columns, row)),
    code,
    column,
    setAsideAt: now,
    attempts: 1,
    retry: false,
  };
}

function refuseTooMany(
  route: TableRoute,
  { policy, retry, now }: LetterRules,
  stay: readonly DeadLetterEntry[],
  letters: readonly DeadLetterEntry[],
): void {
  const added = letters.filter(({ id }) => id !== retry?.id);
  const last = added.at(-1);
  if (last === undefined) return;
  if (policy.action === 'park') {
    const about = last.column === null ? {} : { column: last.column };
    throw new CdcError(last.code, `The target (table ${route.id}) refused a row`, {
      table: route.id,
      ...about,
    });
  }
  const within = [...stay, ...letters].filter(({ setAsideAt }) => setAsideAt > now - HOUR_MS).length;
  if (within > policy.perHour) throw tooManySetAside(route.id, policy.perHour, last);
}

/** What a chunk comes to without the rows that were set aside: of each key its last change does not count. */
export function withoutAside(
  chunk: StagedChunk,
  aside: readonly SetAside[],
  first: ReadonlySet<SetAside>,
): StagedChunk {
  if (aside.length === 0) return chunk;
  const counts = chunk.counts.map((count): TableCounts => {
    const left = { ...count };
    for (const row of aside) if (row.table === count.table && !row.copied) takeOne(left, fieldOf(row, first));
    return left;
  });
  const snapshot = chunk.snapshot.map((range) => {
    const copied = aside.filter((row) => row.copied && row.table === range.table).length;
    return { ...range, rows: range.rows - copied };
  });
  return { ...chunk, counts, snapshot };
}

type Counted = { -readonly [Name in keyof OperationCounts]: OperationCounts[Name] };

/** A key that has been set aside before was inserted then, whatever the target holds. */
function fieldOf(row: SetAside, first: ReadonlySet<SetAside>): keyof OperationCounts {
  if (row.op === 'delete') return 'deleted';
  return row.held || !first.has(row) ? 'updated' : 'inserted';
}

/** Where none of this kind was counted, a key changed more than once: it is one of the others. */
function takeOne(counts: Counted, field: keyof OperationCounts): void {
  const taken = ([field, 'updated', 'inserted', 'deleted'] as const).find((name) => counts[name] > 0);
  if (taken !== undefined) counts[taken] -= 1;
}
