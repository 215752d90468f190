/** The audit trail of a table: its changes with before and after values, for people and programs. */
import { CdcError } from '../../../errors';
import type { Change, ChangeOp, ChangeQuery, Row, Tuple, Value } from '../../../model';
import { quote, type FieldRow, type Session } from '../database';
import { decodePosition, isCovered, type TablePosition } from '../capture/position';
import { isInstalled, readCaptures, type CapturedColumn } from '../capture/registry';
import { readersOf, readTuple } from '../rows/values';
import { readExpression } from '../schema/reading';
import { requireCapture, type CapturedRoute } from './captures';
import { toMilliseconds } from './log';

const META = 3;

/** Throws CAPTURE_MISSING when the table is not captured, POSITION_INVALID, CONFIG_INVALID for an `afterId` that is none. */
export async function readChanges(session: Session, query: ChangeQuery): Promise<readonly Change[]> {
  const { route, newest, limit } = query;
  const afterId = query.afterId === null ? 0 : parseId(query.afterId);
  return session.transaction('snapshot', async () => {
    const captures = (await isInstalled(session)) ? await readCaptures(session) : new Map<string, never>();
    const table = requireCapture(session, captures, route);
    const at = (position: ChangeQuery['after']): TablePosition | null =>
      position === null
        ? null
        : (decodePosition(position).tables.get(table.capture.id) ?? table.capture.floor);
    const after = at(query.after);
    const applied = at(query.appliedUpTo);
    const found: Change[] = [];
    let bound = afterId;
    // Changes that the position covers are passed over page by page: which those are is known to this side only.
    for (;;) {
      const rows = await page(session, table, {
        bound,
        newest,
        limit: newest && after !== null ? null : limit,
      });
      for (const fields of rows) {
        const id = Number(fields[0]);
        bound = id;
        if (after !== null && isCovered(after, id)) continue;
        found.push({ ...changeOf(table, fields), synced: applied !== null && isCovered(applied, id) });
        if (found.length === limit) break;
      }
      if (newest || rows.length < limit || found.length === limit) break;
    }
    return newest ? found.reverse() : found;
  });
}

function page(
  session: Session,
  { changes, capture }: CapturedRoute,
  {
    bound,
    newest,
    limit,
  }: { readonly bound: number; readonly newest: boolean; readonly limit: number | null },
): Promise<readonly FieldRow[]> {
  const image = (name: string, { declared, collation }: CapturedColumn): string =>
    readExpression(`c.${quote(name)}`, declared, collation);
  const list = [
    'c.id',
    'c.op',
    'c.changed_at',
    ...capture.columns.map((column) => image(column.oldName, column)),
    ...capture.columns.map((column) => image(column.newName, column)),
  ];
  return session.query(
    `SELECT ${list.join(', ')} FROM ${changes} AS c WHERE c.id > ? AND c.op NOT IN ('-', '!')
ORDER BY c.id ${newest ? 'DESC' : 'ASC'}${limit === null ? '' : ` LIMIT ${limit}`}`,
    [BigInt(bound)],
  );
}

function changeOf({ capture, route }: CapturedRoute, fields: FieldRow): Omit<Change, 'synced'> {
  const { columns } = capture;
  const names = columns.map(({ name }) => name);
  const readers = readersOf(route.source, names);
  const before = readTuple(fields, readers, META);
  const after = readTuple(fields, readers, META + columns.length);
  const op = opOf(String(fields[1]));
  const isThere = op === 'insert' || op === 'update';
  const keyOf = (name: string): Value => {
    const place = names.indexOf(name);
    return isThere ? (after[place] ?? null) : (before[place] ?? after[place] ?? null);
  };
  return {
    id: String(fields[0]),
    table: route.id,
    op,
    key: Object.fromEntries(route.key.map((name) => [name, keyOf(name)])),
    // Of a row that was only touched nothing but its key is known.
    before: op === 'update' || op === 'delete' ? rowOf(columns, before) : null,
    after: isThere ? rowOf(columns, after) : null,
    transaction: null,
    changedAt: toMilliseconds(String(fields[2])),
  };
}

function rowOf(columns: readonly CapturedColumn[], values: Tuple): Row {
  return Object.fromEntries(columns.map(({ name }, index) => [name, values[index] ?? null]));
}

function opOf(text: string): ChangeOp {
  switch (text) {
    case 'insert':
    case 'update':
    case 'delete':
      return text;
    case '?':
      return 'touch';
    default:
      throw new CdcError('INTERNAL', 'A change table holds an operation that nobody logs');
  }
}

function parseId(text: string): number {
  const id = Number(text);
  if (!Number.isSafeInteger(id) || id < 0) {
    throw new CdcError('CONFIG_INVALID', 'The id of a change is a whole number', {
      hint: 'Use an `id` that `cdc changes` has shown.',
    });
  }
  return id;
}
