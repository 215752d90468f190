/** The audit trail of a table: its changes with before and after values, for people and programs. */
import { CdcError } from '../../../errors';
import type { Change, ChangeOp, ChangeQuery, Row, Tuple, Value } from '../../../model';
import { readCaptures, type CapturedColumn } from '../capture/registry';
import { toMilliseconds } from '../capture/captured';
import { quote } from '../database/identifiers';
import { decodePosition } from '../capture/position';
import type { Session } from '../database/session';
import { readSource } from './transaction';
import { numberOf, textOf } from '../database/values';

const META = 3;

/** Throws CAPTURE_MISSING when the table is not captured, POSITION_INVALID, CONFIG_INVALID for an `afterId` that is none. */
export function readChanges(session: Session, query: ChangeQuery): readonly Change[] {
  const { route, newest, limit } = query;
  const after = Math.max(
    query.after === null ? 0 : decodePosition(query.after).id,
    query.afterId === null ? 0 : parseId(query.afterId),
  );
  const appliedUpTo = query.appliedUpTo === null ? 0 : decodePosition(query.appliedUpTo).id;
  return readSource(session, () => {
    const capture = readCaptures(session).get(route.source.name.name);
    if (capture === undefined || capture.suspended) {
      throw new CdcError('CAPTURE_MISSING', `Changes of table ${route.id} are not captured`, {
        table: route.id,
      });
    }
    const images = ['old', 'new'].flatMap((image) =>
      capture.columns.map((column) => quote(`${image}_${column.name}`)),
    );
    const rows = session.all(
      `SELECT ${['id', 'op', 'changed_at', ...images].join(', ')}
FROM main.${quote(capture.changeTable)} WHERE id > ? ORDER BY id ${newest ? 'DESC' : 'ASC'} LIMIT ?`,
      BigInt(after),
      BigInt(limit),
    );
    if (newest) rows.reverse();
    return rows.map((row) => ({
      ...changeOf(row, capture.columns, route.key),
      table: route.id,
      synced: numberOf(row[0]) <= appliedUpTo,
    }));
  });
}

function changeOf(
  row: Tuple,
  columns: readonly CapturedColumn[],
  key: readonly string[],
): Omit<Change, 'table' | 'synced'> {
  const op = opOf(textOf(row[1]));
  const before = row.slice(META, META + columns.length);
  const after = row.slice(META + columns.length);
  const known = op === 'delete' || op === 'touch' ? before : after;
  return {
    id: String(numberOf(row[0])),
    op,
    key: rowOf(key.map((name) => [name, known[columns.findIndex((column) => column.name === name)] ?? null])),
    // Of a row that was only touched nothing but its key is known.
    before: op === 'update' || op === 'delete' ? rowOf(named(columns, before)) : null,
    after: op === 'update' || op === 'insert' ? rowOf(named(columns, after)) : null,
    transaction: null,
    changedAt: toMilliseconds(numberOf(row[2])),
  };
}

function named(columns: readonly CapturedColumn[], values: Tuple): readonly (readonly [string, Value])[] {
  return columns.map((column, index) => [column.name, values[index] ?? null]);
}

function rowOf(entries: readonly (readonly [string, Value])[]): Row {
  return Object.fromEntries(entries);
}

function opOf(text: string): ChangeOp {
  switch (text) {
    case 'insert':
    case 'update':
    case 'delete':
    case 'touch':
      return text;
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
