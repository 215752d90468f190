/**
 * What types of a database's own consist of. Two of one name can be different types, and the server reads the text of
 * one as the other without a word: it rounds a number to the digits of its attribute.
 */

/**
 * The expression that tells the parts of a type, and of the types among them, as text: attributes of composites, what
 * domains and ranges are over. NULL for a type that has none, and for those of the system. `type`: an expression for
 * its oid.
 */
export function partsSql(type: string): string {
  return `(WITH RECURSIVE part(type) AS (
    SELECT x.oid FROM pg_type x WHERE x.oid = ${type} AND x.typnamespace <> 'pg_catalog'::regnamespace
    UNION
    SELECT x.oid
    FROM part p
    JOIN pg_type w ON w.oid = p.type
    CROSS JOIN LATERAL (
      SELECT w.typbasetype
      UNION ALL SELECT w.typelem
      UNION ALL SELECT r.rngsubtype FROM pg_range r WHERE r.rngtypid = w.oid
      UNION ALL SELECT m.atttypid FROM pg_attribute m
        WHERE m.attrelid = w.typrelid AND m.attnum > 0 AND NOT m.attisdropped) n(type)
    JOIN pg_type x ON x.oid = n.type AND x.typnamespace <> 'pg_catalog'::regnamespace)
  SELECT string_agg(format('%s (%s)', format_type(p.type, NULL), d.definition), ', ' ORDER BY format_type(p.type, NULL) COLLATE "C")
  FROM part p
  JOIN pg_type w ON w.oid = p.type
  CROSS JOIN LATERAL (SELECT coalesce(
      (SELECT string_agg(format('%I %s', m.attname, format_type(m.atttypid, m.atttypmod)), ', ' ORDER BY m.attnum)
        FROM pg_attribute m WHERE m.attrelid = w.typrelid AND m.attnum > 0 AND NOT m.attisdropped),
      (SELECT format_type(r.rngsubtype, NULL) FROM pg_range r WHERE r.rngtypid = w.oid),
      CASE WHEN w.typbasetype <> 0 THEN format_type(w.typbasetype, w.typtypmod) END)) d(definition)
  WHERE d.definition IS NOT NULL)`;
}
