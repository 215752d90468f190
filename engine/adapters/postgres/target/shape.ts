/** What writing into a target table must know of it: its key, its other unique indexes, how each column is written. */
import { CdcError } from '../../../errors';
import { displayName, type TableRoute, type TableSchema } from '../../../model';
import { quote, qualify } from '../database/identifiers';
import type { Session } from '../database/session';
import { equalityOf } from '../rows/equality';
import { partsSql } from '../schema/parts';

/** A column of the target that a route writes. */
export interface TargetColumn {
  /** As the target spells it. */
  readonly name: string;
  /** The type as declared, with its length or precision. */
  readonly declaredType: string;
  /** The type without them: a cast to it cuts and rounds nothing. */
  readonly baseType: string;
  /** As declared; of a domain what it is over. */
  readonly storedType: string;
  /** What a type of the database's own consists of; null for any other. */
  readonly parts: string | null;
  /** Quoted and qualified, or null where the type has none. */
  readonly collation: string | null;
  /** The operator by which keys of its type are equal. */
  readonly equals: string;
  /** True where equal values can be spelled differently: 1.0 and 1.00, `a` and `A` of citext. */
  readonly respelled: boolean;
}

/** A unique index other than the key. */
export interface TargetUnique {
  /** Each indexed expression in SQL, in terms of the table's columns. */
  readonly expressions: readonly string[];
  /** By which each of them is compared. */
  readonly operators: readonly string[];
  readonly predicate: string | null;
  readonly nullsNotDistinct: boolean;
}

export interface TargetShape {
  /** Quoted and qualified. */
  readonly table: string;
  /** The route's columns in order. */
  readonly columns: readonly TargetColumn[];
  /** The key's columns in order. */
  readonly key: readonly TargetColumn[];
  readonly uniques: readonly TargetUnique[];
  /** True when something besides the key can refuse a row because of another row. */
  readonly furtherUnique: boolean;
  /**
   * True when the source refuses whatever the other unique indexes refuse: two of its rows never stand in each other's
   * way, so a row that does is outdated.
   */
  readonly alikeUnique: boolean;
  /** True when a column can only be written by an INSERT (GENERATED ALWAYS AS IDENTITY). */
  readonly insertOnly: boolean;
  /** True when the route writes all columns that are not generated. */
  readonly isWhole: boolean;
  /** True when an INSERT may do something else than to add its rows. */
  readonly hasRules: boolean;
}

/** Types whose equal values look equal, so that an update of a row need not write its key. */
const ONE_SPELLING = new Set([
  'bigint',
  'integer',
  'smallint',
  'boolean',
  'uuid',
  'bytea',
  'date',
  'oid',
  'text',
  'character varying',
  'timestamp with time zone',
  'timestamp without time zone',
]);

/** Throws TARGET_TABLE_MISMATCH when the table is gone, or lacks a column or its unique key. */
export async function readShape(
  session: Session,
  route: TableRoute,
  table: TableSchema,
): Promise<TargetShape> {
  const { schema, name } = route.target;
  const [found] = await session.query(
    `SELECT c.oid::text, c.relhasrules FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname = $1 AND n.nspname = $2 AND c.relkind IN ('r', 'p')`,
    [name, schema],
  );
  const oid = found?.[0];
  if (typeof oid !== 'string') throw mismatch(route, 'does not exist any more');
  const all = await readColumns(session, oid);
  const columnOf = (wanted: string): ColumnRow => {
    const column =
      all.find((candidate) => candidate.name === wanted) ??
      all.find((candidate) => candidate.name.toLowerCase() === wanted.toLowerCase());
    if (column === undefined) throw mismatch(route, `lacks the column ${wanted}`, wanted);
    return column;
  };
  const columns = route.columns.map(columnOf);
  const key = route.key.map(columnOf);
  const indexes = await readUniques(session, oid);
  const wanted = JSON.stringify(key.map((column) => column.name).sort());
  const isKey = (index: UniqueRow): boolean =>
    index.predicate === null && index.immediate && JSON.stringify([...index.names].sort()) === wanted;
  if (!indexes.some(isKey)) {
    throw mismatch(route, `has no unique key over (${route.key.join(', ')}) that is checked at once`);
  }
  const written = new Set(columns.map((column) => column.name));
  const others = indexes.filter((index) => !isKey(index));
  return {
    table: qualify({ schema, name }),
    columns,
    key,
    uniques: others.filter((index) => index.unique && index.uses.every((name) => written.has(name))),
    furtherUnique: others.length > 0,
    alikeUnique: isAlike(route, table, columns),
    isWhole: all.every((column) => columns.includes(column)),
    hasRules: found?.[1] === 't',
    insertOnly: columns.some((column) => column.identityAlways && !key.includes(column)),
  };
}

function isAlike(route: TableRoute, table: TableSchema, columns: readonly TargetColumn[]): boolean {
  const plain = (names: readonly (string | null)[]): string =>
    JSON.stringify([...names].map((name) => name?.toLowerCase()).sort());
  const rules = new Set(route.source.uniqueIndexes.map((index) => index.rule));
  const sets = new Set(
    route.source.uniqueIndexes.filter((index) => !index.partial).map((index) => plain(index.columns)),
  );
  const exact = new Set(columns.filter((column) => !column.respelled).map((column) => column.name));
  return table.uniqueIndexes.every(({ rule, columns: indexed, partial }) => {
    const named = indexed.filter((name) => name !== null);
    if (
      plain(named) === plain(route.key) ||
      !named.some((name) => columns.some((column) => column.name === name))
    )
      return true;
    // Another kind of database says its rules in another way: equal values of equal columns must do.
    return (
      rules.has(rule) ||
      (!partial &&
        named.length === indexed.length &&
        named.every((name) => exact.has(name)) &&
        sets.has(plain(indexed)))
    );
  });
}

interface ColumnRow extends TargetColumn {
  readonly identityAlways: boolean;
}

async function readColumns(session: Session, oid: string): Promise<readonly ColumnRow[]> {
  const rows = await session.query(
    `SELECT a.attname, format_type(a.atttypid, a.atttypmod), format_type(a.atttypid, -1), a.attidentity::text,
  cn.nspname, co.collname, coalesce(co.collisdeterministic, true),
  ${equalityOf('a.atttypid')},
  (WITH RECURSIVE unwrapped(type, typmod) AS (
      SELECT a.atttypid, a.atttypmod
      UNION ALL
      SELECT x.typbasetype, x.typtypmod FROM unwrapped u JOIN pg_type x ON x.oid = u.type WHERE x.typtype = 'd')
    SELECT format_type(u.type, u.typmod) FROM unwrapped u JOIN pg_type x ON x.oid = u.type WHERE x.typtype <> 'd'),
  ${partsSql('a.atttypid')}
FROM pg_attribute a
LEFT JOIN pg_collation co ON co.oid = a.attcollation
LEFT JOIN pg_namespace cn ON cn.oid = co.collnamespace
WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
ORDER BY a.attnum`,
    [oid],
  );
  return rows.map(
    ([
      name,
      declaredType,
      baseType,
      identity,
      schema,
      collation,
      deterministic,
      equals,
      stored,
      parts,
    ]): ColumnRow => ({
      name: String(name),
      declaredType: String(declaredType),
      baseType: String(baseType),
      storedType: String(stored),
      parts: parts ?? null,
      equals: equals ?? '=',
      identityAlways: identity === 'a',
      collation:
        typeof schema === 'string' && typeof collation === 'string'
          ? `${quote(schema)}.${quote(collation)}`
          : null,
      respelled: !ONE_SPELLING.has(String(baseType)) || deterministic !== 't',
    }),
  );
}

interface UniqueRow extends TargetUnique {
  readonly names: readonly string[];
  /** Every column that it looks at, also in expressions and in its predicate. */
  readonly uses: readonly string[];
  readonly immediate: boolean;
  /** False for an exclusion constraint. */
  readonly unique: boolean;
}

async function readUniques(session: Session, oid: string): Promise<readonly UniqueRow[]> {
  const rows = await session.query(
    `SELECT i.indisunique, i.indimmediate, pg_get_expr(i.indpred, i.indrelid),
  coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false),
  array_to_json(array(SELECT coalesce((SELECT a.attname::text FROM pg_attribute a
      WHERE a.attrelid = i.indrelid AND a.attnum = k.attnum AND k.attnum > 0), '')
    FROM unnest(i.indkey[0:i.indnkeyatts - 1]) WITH ORDINALITY AS k (attnum, n) ORDER BY k.n))::text,
  array_to_json(array(SELECT pg_get_indexdef(i.indexrelid, n, false)
    FROM generate_series(1, i.indnkeyatts) AS n))::text,
  array_to_json(array(SELECT (SELECT format('OPERATOR(%I.%s)', on_.nspname, op.oprname)
      FROM pg_opclass oc JOIN pg_amop ao ON ao.amopfamily = oc.opcfamily AND ao.amopstrategy = 3
        AND ao.amoplefttype = oc.opcintype AND ao.amoprighttype = oc.opcintype
      JOIN pg_operator op ON op.oid = ao.amopopr JOIN pg_namespace on_ ON on_.oid = op.oprnamespace
      WHERE oc.oid = k.class)
    FROM unnest(i.indclass::oid[]) WITH ORDINALITY AS k (class, n) ORDER BY k.n))::text,
  array_to_json(array(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum > 0
    AND (a.attnum = ANY (i.indkey) OR EXISTS (SELECT 1 FROM pg_depend d
      WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
        AND d.refobjid = i.indrelid AND d.refobjsubid = a.attnum))))::text
FROM pg_index i
WHERE i.indrelid = $1::oid AND (i.indisunique OR i.indisexclusion) AND i.indisvalid`,
    [oid],
  );
  return rows.map(
    ([unique, immediate, predicate, nullsNotDistinct, names, expressions, operators, uses]): UniqueRow => ({
      unique: unique === 't',
      immediate: immediate === 't',
      predicate: predicate ?? null,
      nullsNotDistinct: nullsNotDistinct === 't',
      names: textArray(names),
      expressions: textArray(expressions),
      operators: textArray(operators),
      uses: textArray(uses),
    }),
  );
}

function textArray(json: string | null | undefined): readonly string[] {
  const parsed: unknown = JSON.parse(json ?? '[]');
  return Array.isArray(parsed) ? parsed.map(String) : [];
}

function mismatch(route: TableRoute, says: string, column?: string): CdcError {
  return new CdcError('TARGET_TABLE_MISMATCH', `Target table ${displayName(route.target)} ${says}`, {
    table: route.id,
    ...(column === undefined ? {} : { column }),
  });
}
