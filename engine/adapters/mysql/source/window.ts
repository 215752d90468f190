/** Which changes a chunk holds: from each table what is new and what was missing, within one view. */
import { CdcError } from '../../../errors';
import type { Allowance, ChunkRequest, TableRoute } from '../../../model';
import type { Session } from '../database';
import { hasOpenGaps, noteFence, readFence, type Proofs } from '../capture/fence';
import {
  decodePosition,
  gapsAbove,
  type Gap,
  type MysqlPosition,
  type TablePosition,
} from '../capture/position';
import { decideGap, deniedProcess } from '../capture/server';
import { isChange, requireCapture, type CapturedRoute, type Captures } from './captures';
import { readLog, type LoggedChange, type ReadLog } from './log';

/**
 * Most ranges of missing ids that a position keeps for one table. They pile up while a transaction that has written
 * stays open and others are rolled back; with more, reading waits for it.
 */
const MOST_GAPS = 2_000;

/** A missing id that nobody may prove dead is waited for in silence this long; then who waits says so. */
const PATIENCE_MS = 5_000;

export interface TableLog {
  readonly route: TableRoute;
  readonly changes: readonly LoggedChange[];
  readonly logged: number;
}

export interface Window {
  /** Tables with changes only. */
  readonly logs: readonly TableLog[];
  readonly tables: ReadonlyMap<number, TablePosition>;
  readonly more: boolean;
}

/** What a source keeps between chunks besides proofs: since when a table waits before which id. */
export type Waits = Map<number, { readonly id: number; readonly since: number }>;

/** Where each route is read from. */
function startOf(
  { route, capture }: CapturedRoute,
  common: MysqlPosition,
  behind: ReadonlyMap<string, MysqlPosition>,
): TablePosition {
  return (behind.get(route.id) ?? common).tables.get(capture.id) ?? capture.floor;
}

export function behindOf({ behind = [] }: Pick<ChunkRequest, 'behind'>): ReadonlyMap<string, MysqlPosition> {
  return new Map(behind.map(({ table, from }) => [table, decodePosition(from)]));
}

/**
 * Proves what can be proven of missing ids. To be called before the view is opened in which they are looked for: a
 * transaction that ends between a view and a later fence would be taken for dead, and is not in the view.
 */
export async function settleGaps(
  session: Session,
  proofs: Proofs,
  positions: readonly MysqlPosition[],
): Promise<void> {
  if (session.gaps === 'wait') return;
  const open = positions
    .flatMap(({ tables }) => [...tables])
    .filter(([id, from]) => hasOpenGaps(proofs, id, from));
  if (open.length === 0) return;
  const fence = await readFence(session);
  if (fence === 'denied') throw await deniedProcess(session);
  if (fence === 'unknown') return;
  for (const [id, { after }] of open) noteFence(proofs, id, after, fence);
}

export interface WindowReading {
  readonly proofs: Proofs;
  readonly waits: Waits;
  readonly allowance: Allowance | null;
}

/** `sound`: tables whose changes can be taken as they were logged. Null when tables that stand behind don't fit in. */
export async function readWindow(
  session: Session,
  captures: Captures,
  sound: ReadonlySet<string>,
  request: ChunkRequest,
  reading: WindowReading,
): Promise<Window | null> {
  const { routes, limit } = request;
  const { proofs } = reading;
  const common = decodePosition(request.from);
  const behind = behindOf(request);
  const all = routes.map((route) => requireCapture(session, captures, route));
  const starts = new Map(all.map((table) => [table.capture.id, startOf(table, common, behind)]));
  // Triggers that knew less of a table's indexes than there was to know may have logged what did not happen.
  const isSound = ({ route, capture }: CapturedRoute): boolean =>
    // Which rows a condition chooses is for the table itself to say.
    route.where === null &&
    sound.has(route.id) &&
    (behind.get(route.id) ?? common).epoch >= capture.rereadBefore;
  const reached = new Map(starts);
  const logs = new Map<CapturedRoute, ReadLog[]>();
  let left = limit;
  let pending = await pendingTables(session, all, reached);
  for (const { capture } of all.filter((table) => !pending.includes(table))) {
    const from = reached.get(capture.id) ?? capture.floor;
    // Nothing of what was missing is in this view, and it is later than the proof.
    const settled = session.gaps === 'wait' ? 0 : (proofs.settled.get(capture.id) ?? 0);
    reached.set(capture.id, { ...from, gaps: gapsAbove(from.gaps, settled) });
  }
  while (pending.length > 0 && left > 0) {
    const cut: CapturedRoute[] = [];
    for (const [index, table] of pending.entries()) {
      const from = reached.get(table.capture.id) ?? table.capture.floor;
      // Each table gets its share, so that none waits for another's backlog; what one leaves is for the next.
      const share = behind.size > 0 ? left : Math.max(1, Math.floor(left / (pending.length - index)));
      if (left === 0) {
        cut.push(table);
        continue;
      }
      const log = await readTable(session, table, from, share, reading);
      reached.set(table.capture.id, log.to);
      left -= log.logged;
      logs.set(table, [...(logs.get(table) ?? []), log]);
      if (log.more) cut.push(table);
    }
    // Of tables that stand behind all is read at once, or nothing.
    if (behind.size > 0 && cut.length > 0) return null;
    pending = cut;
  }
  return {
    logs: [...logs].flatMap(([table, parts]) => {
      const { route } = table;
      const logged = parts.reduce((sum, part) => sum + part.logged, 0);
      const changes = parts.flatMap((part) => part.changes);
      const again = isSound(table) ? changes : changes.map((change) => ({ ...change, again: true }));
      return logged === 0 ? [] : [{ route, changes: again, logged }];
    }),
    tables: reached,
    more: pending.length > 0,
  };
}

async function readTable(
  session: Session,
  table: CapturedRoute,
  from: TablePosition,
  limit: number,
  { proofs, waits, allowance }: WindowReading,
): Promise<ReadLog> {
  const { route, capture } = table;
  const isWaiting = session.gaps === 'wait';
  const log = await readLog(session, table, {
    from,
    limit,
    settled: isWaiting ? 0 : (proofs.settled.get(capture.id) ?? 0),
    mostGaps: isWaiting ? 0 : MOST_GAPS,
    allowance,
  });
  if (!log.stuck) {
    if (isWaiting) waits.delete(capture.id);
    // Where nothing is proven, what is left behind a missing id is not there yet.
    return isWaiting && log.more && log.logged < limit ? { ...log, more: false } : log;
  }
  if (!isWaiting) {
    throw new CdcError(
      'DATABASE_LOCKED',
      `Table ${route.id}: reading waits for transactions that have been open while many others were rolled back`,
      {
        table: route.id,
        hint: 'End the transaction that has been open for longest: SELECT * FROM information_schema.INNODB_TRX ORDER BY trx_started.',
      },
    );
  }
  waitFor(session, table, from, waits);
  return { ...log, more: false };
}

/** Throws once a missing id has been waited for long enough. */
function waitFor(
  session: Session,
  { route, capture }: CapturedRoute,
  { after }: TablePosition,
  waits: Waits,
): void {
  const id = after + 1;
  const known = waits.get(capture.id);
  if (known?.id !== id) {
    waits.set(capture.id, { id, since: performance.now() });
    return;
  }
  if (performance.now() - known.since < PATIENCE_MS) return;
  throw new CdcError(
    'DATABASE_LOCKED',
    `Table ${route.id}: change ${id} is missing, and without the privilege PROCESS nobody can tell whether it will come`,
    {
      table: route.id,
      hint: `If no transaction is open that began before it, say so by ${decideGap(session, capture.changeTable, id)}`,
    },
  );
}

/** Tables that have something to read, those first of which the oldest change is the oldest. */
export async function pendingTables(
  session: Session,
  tables: readonly CapturedRoute[],
  starts: ReadonlyMap<number, TablePosition>,
): Promise<readonly CapturedRoute[]> {
  if (tables.length === 0) return [];
  const found: { readonly table: CapturedRoute; readonly at: string }[] = [];
  const rows = await session.query(
    `SELECT ${tables.map((table) => oldestOf(table, starts.get(table.capture.id))).join(',\n  ')}`,
  );
  for (const [index, table] of tables.entries()) {
    const at = rows[0]?.[index] ?? null;
    if (at !== null) found.push({ table, at: String(at) });
  }
  return found.sort((one, other) => (one.at < other.at ? -1 : 1)).map(({ table }) => table);
}

/** An expression: `changed_at` of the first change that is to be read; NULL where there is none. */
function oldestOf({ changes, capture }: CapturedRoute, from: TablePosition = capture.floor): string {
  const first = (condition: string): string =>
    `(SELECT c.changed_at FROM ${changes} AS c WHERE ${condition} AND ${isChange(capture)} ORDER BY c.id LIMIT 1)`;
  const fresh = first(`c.id > ${from.after}`);
  if (from.gaps.length === 0) return fresh;
  return `COALESCE(${first(inGaps(from.gaps))}, ${fresh})`;
}

/** A condition on the ids of gaps. */
export function inGaps(gaps: readonly Gap[]): string {
  return `(${gaps.map(([first, last]) => `c.id BETWEEN ${first} AND ${last}`).join(' OR ')})`;
}
