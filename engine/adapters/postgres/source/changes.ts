/** The audit trail of a table: its changes with before and after values, for people and programs. */
import { CdcError } from '../../../errors';
import type { Change, ChangeOp, ChangeQuery, LogicalType, Row, TableRoute, Value } from '../../../model';
import { requireCapture } from '../capture/check';
import {
  compareMarks,
  decodePosition,
  parseSnapshot,
  sees,
  type ChangeMark,
  type PostgresPosition,
} from '../capture/position';
import type { CapturedColumn, Generation } from '../capture/registry';
import { own, quote, type Session, type TextRow } from '../database';
import { valueReader } from '../rows/values';
import { capturesOf } from './branches';
import { milliseconds } from './spans';

const META = 4;

/** Throws CAPTURE_MISSING when the table is not captured, POSITION_INVALID, CONFIG_INVALID for an `afterId` that is none. */
export async function readChanges(session: Session, query: ChangeQuery): Promise<readonly Change[]> {
  const { route, newest, limit } = query;
  const afterId = query.afterId === null ? null : parseId(query.afterId);
  const after = query.after === null ? null : coverage(decodePosition(query.after));
  const applied = query.appliedUpTo === null ? null : coverage(decodePosition(query.appliedUpTo));
  return session.transaction('repeatable read, read only', async () => {
    await session.execute('SET LOCAL enable_seqscan = on');
    const capture = requireCapture(await capturesOf(session, [route]), route);
    const found: MarkedChange[] = [];
    for (const generation of capture.generations) {
      found.push(...(await readGeneration(session, route, generation, { afterId, after, newest, limit })));
    }
    found.sort((one, other) => compareMarks(one.mark, other.mark));
    const page = newest ? found.slice(-limit) : found.slice(0, limit);
    return page.map(({ mark, change }) => ({ ...change, synced: applied?.(mark) ?? false }));
  });
}

interface MarkedChange {
  readonly mark: ChangeMark;
  readonly change: Omit<Change, 'synced'>;
}

type Coverage = (mark: ChangeMark) => boolean;

/** Whether a position covers a change. */
function coverage({ from, cut }: PostgresPosition): Coverage {
  const seen = parseSnapshot(from);
  const further = cut === null ? null : parseSnapshot(cut.to);
  return (mark) => {
    const xid = BigInt(mark.xid);
    if (sees(seen, xid)) return true;
    return cut !== null && further !== null && sees(further, xid) && compareMarks(mark, cut.after) <= 0;
  };
}

async function readGeneration(
  session: Session,
  route: TableRoute,
  generation: Generation,
  page: {
    readonly afterId: ChangeMark | null;
    readonly after: Coverage | null;
    readonly newest: boolean;
    readonly limit: number;
  },
): Promise<readonly MarkedChange[]> {
  const { columns } = generation;
  const images = [
    ...columns.map((column) => `c.${quote(column.oldName)}`),
    ...columns.map((column) => `c.${quote(column.newName)}`),
  ];
  const direction = page.newest ? 'DESC' : 'ASC';
  const start = page.afterId ?? { lsn: '0/0', xid: '0' };
  const types = new Map(route.source.columns.map((column) => [column.name, column.type]));
  const found: MarkedChange[] = [];
  let bound = start;
  // Changes that the position covers are passed over page by page: which those are is known to this side only.
  for (;;) {
    const rows: readonly TextRow[] = await session.query(
      `SELECT c.lsn, c.xid, c.op, ${milliseconds('c.changed_at')}, ${images.join(', ')}
FROM ${own(generation.changeTable)} c WHERE c.op <> 'truncated' AND (c.lsn, c.xid) > ($1::pg_lsn, $2::xid8)
ORDER BY c.lsn ${direction}, c.xid ${direction}${page.newest && page.after !== null ? '' : ` LIMIT ${page.limit}`}`,
      [bound.lsn, bound.xid],
    );
    for (const row of rows) {
      const mark = { lsn: row[0] ?? '', xid: row[1] ?? '' };
      bound = mark;
      if (page.after?.(mark) === true) continue;
      found.push({ mark, change: changeOf(row, mark, route, columns, types) });
      if (found.length === page.limit) return found;
    }
    if (page.newest || rows.length < page.limit) return found;
  }
}

function changeOf(
  row: TextRow,
  mark: ChangeMark,
  route: TableRoute,
  columns: readonly CapturedColumn[],
  types: ReadonlyMap<string, LogicalType>,
): Omit<Change, 'synced'> {
  const op = opOf(row[2] ?? '');
  const image = (offset: number): Row =>
    Object.fromEntries(
      columns.map((column, index): [string, Value] => {
        const text = row[META + offset + index] ?? null;
        const type = types.get(column.name);
        return [column.name, text === null || type === undefined ? text : valueReader(type)(text)];
      }),
    );
  const [before, after] = [image(0), image(columns.length)];
  const keyOf = (name: string): Value =>
    op === 'insert' || op === 'update' ? (after[name] ?? null) : (before[name] ?? after[name] ?? null);
  return {
    id: `${mark.lsn}-${mark.xid}`,
    table: route.id,
    op,
    key: op === 'truncate' ? {} : Object.fromEntries(route.key.map((name) => [name, keyOf(name)])),
    // Of a row that was only touched nothing but its key is known.
    before: op === 'update' || op === 'delete' ? before : null,
    after: op === 'update' || op === 'insert' ? after : null,
    transaction: mark.xid,
    changedAt: Number(row[3]),
  };
}

function opOf(text: string): ChangeOp {
  switch (text) {
    case 'insert':
    case 'update':
    case 'delete':
    case 'truncate':
    case 'touch':
      return text;
    default:
      throw new CdcError('INTERNAL', 'A change table holds an operation that nobody logs');
  }
}

function parseId(text: string): ChangeMark {
  const parts = /^([0-9A-F]{1,8}\/[0-9A-F]{1,8})-(\d{1,20})$/.exec(text);
  if (parts === null) {
    throw new CdcError('CONFIG_INVALID', 'The id of a change is of the form 0/15D4A28-742', {
      hint: 'Use an `id` that `cdc changes` has shown.',
    });
  }
  return { lsn: parts[1] ?? '', xid: parts[2] ?? '' };
}
