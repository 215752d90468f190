/** What the catalogs say of tables, in one query each. */
import { OWN_SCHEMA, quoteText, type Session, type TextRow } from '../database';
import { partsSql } from './parts';

/** A relation that a person could mean, as the catalog has it. */
export interface FoundTable {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  /** r table, p partitioned table, v view, m materialized view, f foreign table. */
  readonly kind: string;
  /** p permanent, u unlogged. */
  readonly persistence: string;
  /** True for a table from which others inherit, apart from partitioned ones. */
  readonly hasChildren: boolean;
  /** True for a table that inherits from another: statements on that one change its rows, too. */
  readonly isChild: boolean;
  readonly columns: readonly FoundColumn[];
  readonly indexes: readonly FoundIndex[];
  readonly foreignKeys: readonly FoundForeignKey[];
}

export interface FoundColumn {
  readonly number: number;
  readonly name: string;
  readonly declared: string;
  readonly typeName: string;
  readonly builtIn: boolean;
  readonly isArray: boolean;
  readonly modifier: number;
  readonly members: readonly string[] | null;
  readonly nullable: boolean;
  /** Empty, s or v. */
  readonly generated: string;
  /** Null for the default of the database, or where the type has none. */
  readonly collation: string | null;
  /** An identity column's is the `nextval` that it means. */
  readonly defaultSql: string | null;
  /** As declared, or the base type of a domain. */
  readonly baseType: string;
  /** Null where it has none. */
  readonly parts: string | null;
}

export interface FoundIndex {
  readonly name: string;
  readonly primary: boolean;
  /** False for a deferrable constraint. */
  readonly immediate: boolean;
  readonly partial: boolean;
  /** Attribute numbers; 0 where it holds an expression. */
  readonly columns: readonly number[];
  /** As `UniqueIndex.collations`. */
  readonly collations: readonly (string | null)[];
  /** As `UniqueIndex.rule`. */
  readonly rule: string;
}

export interface FoundForeignKey {
  readonly columns: readonly number[];
  readonly schema: string;
  readonly table: string;
}

const TABLES = `SELECT c.oid::text, n.nspname, c.relname, c.relkind, c.relpersistence,
  c.relkind = 'r' AND EXISTS (SELECT FROM pg_inherits WHERE inhparent = c.oid),
  EXISTS (SELECT FROM pg_inherits WHERE inhrelid = c.oid)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relpersistence <> 't' AND NOT c.relispartition
  AND n.nspname NOT IN ('information_schema', ${quoteText(OWN_SCHEMA)}) AND n.nspname NOT LIKE 'pg\\_%'`;

const COLUMNS = `SELECT a.attrelid::text, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod),
  CASE WHEN e.oid IS NULL THEN t.typname ELSE e.typname END,
  coalesce(e.typnamespace, t.typnamespace) = 'pg_catalog'::regnamespace,
  e.oid IS NOT NULL,
  b.typmod,
  CASE WHEN coalesce(e.typtype, t.typtype) = 'e' THEN
    (SELECT json_agg(enumlabel ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = coalesce(e.oid, t.oid)) END,
  NOT (a.attnotnull OR (d.typtype = 'd' AND d.typnotnull)),
  a.attgenerated,
  CASE WHEN a.attcollation NOT IN (0, 100) THEN
    (SELECT format('%I.%I', cn.nspname, co.collname) FROM pg_collation co
      JOIN pg_namespace cn ON cn.oid = co.collnamespace WHERE co.oid = a.attcollation) END,
  CASE WHEN a.attidentity <> '' THEN
      format('nextval(%L::regclass)', pg_get_serial_sequence(a.attrelid::regclass::text, a.attname))
    WHEN a.attgenerated = '' THEN pg_get_expr(ad.adbin, ad.adrelid) END,
  format_type(b.type, b.typmod),
  ${partsSql('a.atttypid')}
FROM pg_attribute a
JOIN pg_type d ON d.oid = a.atttypid
CROSS JOIN LATERAL (
  WITH RECURSIVE unwrapped(type, typmod) AS (
    SELECT a.atttypid, a.atttypmod
    UNION ALL
    SELECT x.typbasetype, x.typtypmod FROM unwrapped u JOIN pg_type x ON x.oid = u.type WHERE x.typtype = 'd')
  SELECT u.type, u.typmod FROM unwrapped u JOIN pg_type x ON x.oid = u.type WHERE x.typtype <> 'd') b
JOIN pg_type t ON t.oid = b.type
LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typcategory = 'A' AND t.typlen = -1
LEFT JOIN pg_attrdef ad ON ad.adrelid = a.attrelid AND ad.adnum = a.attnum
WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum`;

const INDEXES = `SELECT i.indrelid::text, c.relname, i.indisprimary, i.indimmediate, i.indpred IS NOT NULL,
  (SELECT string_agg(k.number::text, ',' ORDER BY k.place)
    FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(number, place) WHERE k.place <= i.indnkeyatts),
  (SELECT json_agg((SELECT format('%I.%I', n.nspname, o.collname) FROM pg_collation o
      JOIN pg_namespace n ON n.oid = o.collnamespace WHERE o.oid = k.collid AND o.oid <> 100) ORDER BY k.place)
    FROM unnest(i.indcollation::oid[]) WITH ORDINALITY AS k(collid, place)),
  -- What two indexes must have in common to refuse the same rows, in whatever order their columns stand.
  jsonb_build_object('terms', (SELECT jsonb_agg(x.term ORDER BY x.term) FROM (
      SELECT jsonb_build_array(pg_get_indexdef(i.indexrelid, k.place::int4, true), k.collid::regcollation::text) AS term
      FROM unnest(i.indcollation::oid[]) WITH ORDINALITY AS k(collid, place)) x),
    'where', pg_get_expr(i.indpred, i.indrelid),
    'nulls', coalesce(to_jsonb(i) -> 'indnullsnotdistinct', 'false'))
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid = ANY ($1::oid[]) AND i.indisunique AND i.indisvalid
ORDER BY i.indrelid, i.indisprimary DESC, i.indnkeyatts, c.relname`;

const FOREIGN_KEYS = `SELECT k.conrelid::text, array_to_string(k.conkey, ','), n.nspname, c.relname
FROM pg_constraint k JOIN pg_class c ON c.oid = k.confrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE k.contype = 'f' AND k.conrelid = ANY ($1::oid[]) AND k.conparentid = 0
ORDER BY k.conrelid, k.conname`;

/** Tables of the database, ours and the system's left out; `name`: only this one. */
export async function readCatalog(
  session: Session,
  name: { readonly schema: string; readonly name: string } | null = null,
): Promise<readonly FoundTable[]> {
  const found = await session.query(
    `${TABLES}${name === null ? '' : ' AND n.nspname = $1 AND c.relname = $2'} ORDER BY n.nspname, c.relname`,
    name === null ? [] : [name.schema, name.name],
  );
  const oids = [found.map(([oid]) => oid ?? null)];
  const columns = group(await session.query(COLUMNS, oids), columnOf);
  const indexes = group(await session.query(INDEXES, oids), indexOf);
  const foreignKeys = group(await session.query(FOREIGN_KEYS, oids), foreignKeyOf);
  return found.map(([oid, schema, table, kind, persistence, hasChildren, isChild]) => ({
    oid: oid ?? '',
    schema: schema ?? '',
    name: table ?? '',
    kind: kind ?? '',
    persistence: persistence ?? '',
    hasChildren: hasChildren === 't',
    isChild: isChild === 't',
    columns: columns.get(oid ?? '') ?? [],
    indexes: indexes.get(oid ?? '') ?? [],
    foreignKeys: foreignKeys.get(oid ?? '') ?? [],
  }));
}

function columnOf(row: TextRow): FoundColumn {
  const [, number, name, declared, typeName, builtIn, isArray, modifier, members, nullable, ...rest] = row;
  const [generated, collation, defaultSql, baseType, parts] = rest;
  return {
    number: Number(number),
    name: name ?? '',
    declared: declared ?? '',
    typeName: typeName ?? '',
    builtIn: builtIn === 't',
    isArray: isArray === 't',
    modifier: Number(modifier),
    members: members === null || members === undefined ? null : textsOf(members),
    nullable: nullable === 't',
    generated: generated ?? '',
    collation: collation ?? null,
    defaultSql: defaultSql ?? null,
    baseType: baseType ?? '',
    parts: parts ?? null,
  };
}

function indexOf([, name, primary, immediate, partial, columns, collations, rule]: TextRow): FoundIndex {
  return {
    name: name ?? '',
    primary: primary === 't',
    immediate: immediate === 't',
    partial: partial === 't',
    columns: numbersOf(columns),
    collations: namesOf(collations),
    rule: rule ?? '',
  };
}

function namesOf(json: string | null | undefined): readonly (string | null)[] {
  const parsed: unknown = JSON.parse(json ?? '[]');
  return Array.isArray(parsed) ? parsed.map((name: unknown) => (typeof name === 'string' ? name : null)) : [];
}

function foreignKeyOf([, columns, schema, table]: TextRow): FoundForeignKey {
  return { columns: numbersOf(columns), schema: schema ?? '', table: table ?? '' };
}

function numbersOf(list: string | null | undefined): readonly number[] {
  return (list ?? '').split(',').map(Number);
}

function textsOf(json: string): readonly string[] {
  const parsed: unknown = JSON.parse(json);
  return Array.isArray(parsed) ? parsed.map(String) : [];
}

/** Rows by the table in their first column. */
function group<T>(rows: readonly TextRow[], read: (row: TextRow) => T): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const oid = row[0] ?? '';
    const items = groups.get(oid) ?? [];
    items.push(read(row));
    groups.set(oid, items);
  }
  return groups;
}
