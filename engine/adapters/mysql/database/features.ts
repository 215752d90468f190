/** What a server can do that the other cannot, found by what it answers and what its information schema holds, not by its name. */
import type { Session } from './session';

export interface Features {
  /** The table of information_schema that has InnoDB's numbers of tables, which change when a table is made anew. */
  readonly innodbTables: 'INNODB_TABLES' | 'INNODB_SYS_TABLES' | null;
  /** CHECK_CONSTRAINTS names the table of each: there `json_valid` is what makes a column a JSON column. */
  readonly namesTablesOfChecks: boolean;
  /** Defaults are marked where they are expressions, and bare texts elsewhere; else all of them are SQL. */
  readonly marksDefaults: boolean;
  /** STATISTICS tells expressions that are indexed. */
  readonly indexesExpressions: boolean;
  /** Floating point numbers keep the sign of -0; MariaDB has no -0. */
  readonly keepsSignOfZero: boolean;
  /** Of the types that not every server has (`uuid`, `inet4`, `inet6`, `vector`) those that are here. */
  readonly ownTypes: ReadonlySet<string>;
}

const known = new Map<string, Features>();

export async function featuresOf(session: Session): Promise<Features> {
  const name = `${session.server} ${session.version}`;
  const found = known.get(name);
  if (found !== undefined) return found;
  const rows = await session.query(
    `SELECT TABLE_NAME, COLUMN_NAME FROM information_schema.COLUMNS
WHERE TABLE_SCHEMA = 'information_schema'
  AND (TABLE_NAME, COLUMN_NAME) IN (('INNODB_TABLES', 'TABLE_ID'), ('INNODB_SYS_TABLES', 'TABLE_ID'),
    ('CHECK_CONSTRAINTS', 'TABLE_NAME'), ('STATISTICS', 'EXPRESSION'), ('COLUMNS', 'SRS_ID'))`,
  );
  const zero = await session.first('SELECT CONCAT(-0e0)');
  const types = await session.query(
    `SELECT LOWER(PLUGIN_NAME) FROM information_schema.PLUGINS WHERE PLUGIN_TYPE = 'DATA TYPE'
UNION SELECT LOWER(WORD) FROM information_schema.KEYWORDS WHERE WORD = 'VECTOR'`,
  );
  const has = new Set(rows.map(([table]) => String(table).toUpperCase()));
  const features: Features = {
    innodbTables: has.has('INNODB_TABLES')
      ? 'INNODB_TABLES'
      : has.has('INNODB_SYS_TABLES')
        ? 'INNODB_SYS_TABLES'
        : null,
    namesTablesOfChecks: has.has('CHECK_CONSTRAINTS'),
    marksDefaults: has.has('COLUMNS'),
    indexesExpressions: has.has('STATISTICS'),
    keepsSignOfZero: String(zero?.[0]) === '-0',
    ownTypes: new Set(types.map(([name]) => String(name))),
  };
  known.set(name, features);
  return features;
}
