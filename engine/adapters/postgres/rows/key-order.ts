/**
 * Ranges of a table in the order of its key, as SQL. In the common order text is compared byte by byte, as other
 * databases can do it too; the table's own order is that of the key's index, which costs no sorting.
 */
import { filterSql, type Cursor, type TableName, type Tuple } from '../../../model';
import { qualify, quote, type Parameter, type Session } from '../database';
import { decodeCursor } from './cursor';
import { baseTypeOf } from './equality';
import { writeValue } from './values';

/** `common`: the same in other databases. `own`: the index's. Cursors of one must not be used in the other. */
export type KeyOrder = 'common' | 'own';

export interface KeyRange {
  readonly table: TableName;
  readonly key: readonly string[];
  readonly order: KeyOrder;
  /** Exclusive; null: from the start. */
  readonly after: Cursor | null;
  /** Inclusive; null: to the end. */
  readonly upTo: Cursor | null;
  /** These keys alone. */
  readonly keys?: readonly Cursor[] | null;
  readonly limit: number | null;
  /** Of rows that fulfil this condition alone. */
  readonly where?: string | null;
}

export interface KeyPart {
  readonly name: string;
  readonly type: string;
  /** True when its own order is not that of the bytes. */
  readonly isCollated: boolean;
  /** Operators of its order, qualified, where the type is not one of the system's. */
  readonly operators: { readonly equal: string; readonly greater: string; readonly atMost: string } | null;
}

/**
 * `FROM table AS s WHERE … ORDER BY key LIMIT …`. Throws POSITION_INVALID for a cursor of another key.
 */
export async function selectRange(
  session: Session,
  range: KeyRange,
): Promise<{ readonly sql: string; readonly parameters: readonly Parameter[] }> {
  const parts = await readKeyParts(session, range.table, range.key);
  const parameters: Parameter[] = [];
  const conditions: string[] = [];
  const column = ({ name, isCollated }: KeyPart): string =>
    `s.${quote(name)}${isCollated && range.order === 'common' ? ' COLLATE pg_catalog."C"' : ''}`;
  const bind = (cursor: Cursor): readonly string[] =>
    decodeCursor(cursor, parts.length).map((value, index) => {
      parameters.push(writeValue(value));
      return `CAST($${parameters.length}::text AS ${parts[index]?.type ?? 'text'})`;
    });
  if (range.after !== null) conditions.push(comparison(parts, column, bind(range.after), 'greater'));
  if (range.upTo !== null) conditions.push(comparison(parts, column, bind(range.upTo), 'atMost'));
  if (range.keys !== undefined && range.keys !== null) {
    const equal = parts.map(({ name, operators }) => `s.${quote(name)} ${operators?.equal ?? '='}`);
    const types = parts.map(({ type }) => type);
    const keys = range.keys.map((cursor) => decodeCursor(cursor, parts.length));
    conditions.push(amongKeys(equal, types, keys, parameters));
  }
  if (typeof range.where === 'string') conditions.push(filterSql(range.where));
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
  const limit = range.limit === null ? '' : ` LIMIT ${range.limit}`;
  return {
    sql: `FROM ${qualify(range.table)} AS s${where} ORDER BY ${parts.map(column).join(', ')}${limit}`,
    parameters,
  };
}

/**
 * True for rows of these keys. `equal`: each column with the operator by which the key's index compares it. A subquery
 * over arrays, since the planner takes its time for hundreds of alternatives; adds one parameter per column.
 */
export function amongKeys(
  equal: readonly string[],
  types: readonly string[],
  keys: readonly Tuple[],
  parameters: Parameter[],
): string {
  const arrays = equal.map((_, index) => {
    // As one text each, so that it can be written into a statement that takes no parameters.
    parameters.push(arrayText(keys.map((key) => writeValue(key[index] ?? null))));
    return `$${parameters.length}::text[]`;
  });
  const names = equal.map((_, index) => `k${index}`);
  const same = equal.map(
    (left, index) => `${left} CAST(k.${names[index] ?? ''} AS ${types[index] ?? 'text'})`,
  );
  return `EXISTS (SELECT FROM unnest(${arrays.join(', ')}) AS k(${names.join(', ')}) WHERE ${same.join(' AND ')})`;
}

function arrayText(values: readonly Parameter[]): string {
  const items = values.map((value) =>
    value === null ? 'NULL' : `"${String(value).replaceAll(/[\\"]/g, '\\$&')}"`,
  );
  return `{${items.join(',')}}`;
}

/** Row values where the operators of all parts have one name, which an index can follow; else spelt out. */
export function comparison(
  parts: readonly KeyPart[],
  column: (part: KeyPart) => string,
  values: readonly string[],
  kind: 'greater' | 'atMost',
): string {
  if (parts.every(({ operators }) => operators === null)) {
    return `(${parts.map(column).join(', ')}) ${kind === 'greater' ? '>' : '<='} (${values.join(', ')})`;
  }
  const [part, ...others] = parts;
  const [value = '', ...rest] = values;
  if (part === undefined) return 'true';
  const { equal, greater, atMost } = part.operators ?? { equal: '=', greater: '>', atMost: '<=' };
  const here = column(part);
  const beyond = kind === 'greater' ? `${here} ${greater} ${value}` : `NOT ${here} ${greater} ${value}`;
  if (others.length === 0) return `(${beyond})`;
  const tie = `${here} ${equal} ${value} AND ${comparison(others, column, rest, kind)}`;
  const before = `${here} ${atMost} ${value} AND NOT ${here} ${equal} ${value}`;
  return kind === 'greater' ? `(${beyond} OR (${tie}))` : `((${before}) OR (${tie}))`;
}

/** Locales whose order is that of the bytes in UTF-8. */
const BYTE_ORDER = `('C', 'POSIX', 'C.UTF-8', 'C.UTF8', 'C.UTF_8')`;

const PARTS = `SELECT k.name, format_type(a.atttypid, a.atttypmod),
  a.attcollation <> 0 AND NOT coalesce(CASE WHEN a.attcollation = 100
    THEN (SELECT upper(datcollate) IN ${BYTE_ORDER} AND coalesce(to_jsonb(d)->>'datlocprovider', 'c') <> 'i'
      FROM pg_database d WHERE datname = current_database())
    ELSE (SELECT upper(coalesce(to_jsonb(c)->>'colllocale', collcollate, '')) IN ${BYTE_ORDER} AND collprovider <> 'i'
      FROM pg_collation c WHERE c.oid = a.attcollation) END, false),
  o.equal, o.greater, o.at_most
FROM unnest($3::text[]) WITH ORDINALITY AS k(name, place)
JOIN pg_attribute a ON a.attrelid = to_regclass(format('%I.%I', $1::text, $2::text)) AND a.attname = k.name
LEFT JOIN LATERAL (
  SELECT max(name) FILTER (WHERE amopstrategy = 3) AS equal, max(name) FILTER (WHERE amopstrategy = 5) AS greater,
    max(name) FILTER (WHERE amopstrategy = 2) AS at_most
  FROM (
    SELECT ao.amopstrategy, format('OPERATOR(%I.%s)', n.nspname, op.oprname) AS name
    FROM pg_opclass oc JOIN pg_am am ON am.oid = oc.opcmethod AND am.amname = 'btree'
    JOIN pg_amop ao ON ao.amopfamily = oc.opcfamily AND ao.amoplefttype = oc.opcintype
      AND ao.amoprighttype = oc.opcintype
    JOIN pg_operator op ON op.oid = ao.amopopr JOIN pg_namespace n ON n.oid = op.oprnamespace
    WHERE oc.opcdefault AND oc.opcintype = ${baseTypeOf('a.atttypid')} AND n.nspname <> 'pg_catalog') x) o ON true
ORDER BY k.place`;

/** In order; a column that is gone is left out. */
export async function readKeyParts(
  session: Session,
  { schema, name }: TableName,
  key: readonly string[],
): Promise<readonly KeyPart[]> {
  const rows = await session.query(PARTS, [schema ?? 'public', name, key], { prepared: true });
  return rows.map(([column, type, isCollated, equal, greater, atMost]) => ({
    name: column ?? '',
    type: type ?? 'text',
    isCollated: isCollated === 't',
    operators:
      typeof equal === 'string' && typeof greater === 'string' && typeof atMost === 'string'
        ? { equal, greater, atMost }
        : null,
  }));
}
