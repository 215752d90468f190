/** What a name stands for in a database, before there is a column of it. */
import type { ColumnSchema } from '../../../model';
import type { Session } from '../database';
import { partsSql } from './parts';
import { boundsOf, logicalTypeOf } from './types';

const TYPE = `SELECT ${partsSql('named.oid')},
  CASE WHEN named.typtype = 'd' THEN format_type(b.type, b.typmod) END,
  coalesce(e.typname, t.typname),
  coalesce(e.typnamespace, t.typnamespace) = 'pg_catalog'::regnamespace,
  e.oid IS NOT NULL,
  b.typmod,
  (SELECT json_agg(enumlabel ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = coalesce(e.oid, t.oid))::text,
  named.typnotnull
FROM pg_type named
CROSS JOIN LATERAL (
  WITH RECURSIVE unwrapped(type, typmod) AS (
    SELECT named.oid, -1
    UNION ALL
    SELECT w.typbasetype, w.typtypmod FROM unwrapped u JOIN pg_type w ON w.oid = u.type WHERE w.typtype = 'd')
  SELECT u.type, u.typmod FROM unwrapped u JOIN pg_type w ON w.oid = u.type WHERE w.typtype <> 'd') b
JOIN pg_type t ON t.oid = b.type
LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typcategory = 'A' AND t.typlen = -1
WHERE named.oid = to_regtype($1) AND named.typnamespace <> 'pg_catalog'::regnamespace`;

/** What a column of this type is here, where the source's has the same name; the system's own are alike everywhere. */
export async function asDefinedHere(
  session: Session,
  typeName: string,
  column: ColumnSchema,
): Promise<ColumnSchema> {
  const row = await session.first(TYPE, [typeName]);
  if (row === undefined) return column;
  const [parts, base, name, builtIn, isArray, modifier, members, notNull] = row;
  const { parts: _, baseType, bounds, ...rest } = column;
  const here = { ...rest, ...(parts === null || parts === undefined ? {} : { parts }) };
  const isDomain = base !== null && base !== undefined;
  if (!isDomain && (members ?? null) === null) {
    // An extension's: its modifier is the column's, not the type's.
    return {
      ...here,
      ...(baseType === undefined ? {} : { baseType }),
      ...(bounds === undefined ? {} : { bounds }),
    };
  }
  const native = {
    name: name ?? '',
    builtIn: builtIn === 't',
    isArray: isArray === 't',
    modifier: Number(modifier),
    members: labelsOf(members ?? null),
    declared: column.declaredType,
  };
  const found = boundsOf(native);
  return {
    ...here,
    ...(isDomain ? { baseType: base } : {}),
    type: logicalTypeOf(native),
    ...(found === null ? {} : { bounds: found }),
    nullable: column.nullable && notNull !== 't',
  };
}

function labelsOf(json: string | null): readonly string[] | null {
  const parsed: unknown = JSON.parse(json ?? 'null');
  return Array.isArray(parsed) ? parsed.map(String) : null;
}
