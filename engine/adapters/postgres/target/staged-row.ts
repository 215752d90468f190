/** A staged row read back, for those who are told that it was set aside. */
import type { LogicalType, TableRoute, Tuple, Value } from '../../../model';
import type { Session } from '../database/session';
import { valueReader } from '../rows/values';
import type { StagedSet } from './staging';

/** The row at one place under a kind, with its values as they are in the source. */
export async function readStagedRow(
  session: Session,
  { route, columns }: StagedSet,
  table: string,
  place: number,
  kind: string,
): Promise<Tuple> {
  const names = route.columns.map((_, index) => `c${index}`).join(', ');
  const texts = await session.first(`SELECT ${names} FROM ${table} WHERE ord = $1 AND kind = $2`, [
    place,
    kind,
  ]);
  return columns.map(({ type }, index) => {
    const text = texts?.[index] ?? null;
    return text === null ? null : sourceValue(typeOf(route, index), type, text);
  });
}

/** The values of the key's columns. */
export function keyOf(route: TableRoute, row: Tuple): Tuple {
  return route.key.map((column) => row[route.columns.indexOf(column)] ?? null);
}

function typeOf({ source, columns }: TableRoute, index: number): LogicalType {
  return source.columns.find(({ name }) => name === columns[index])?.type ?? { kind: 'text', length: null };
}

/** `staged`: the type of the staged column. A source without types of its own is known by what it stores as what. */
function sourceValue(type: LogicalType, staged: string, text: string): Value {
  if (type.kind !== 'dynamic') return valueReader(type)(text);
  if (staged === 'boolean') return text === 't' ? 1n : 0n;
  if (staged === 'bytea') return new Uint8Array(Buffer.from(text.slice(2), 'hex'));
  if (/^(smallint|integer|bigint)$/.test(staged)) return BigInt(text);
  if (type.affinity === 'text' || type.affinity === 'blob') return text;
  if (type.affinity !== 'real' && /^-?\d+$/.test(text)) return BigInt(text);
  return /^(-?\d+(\.\d+)?(e[-+]\d+)?|-?Infinity)$/.test(text) ? Number(text) : text;
}
