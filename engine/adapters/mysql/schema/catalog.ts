/** What the information schema says of the tables of a database. */
import { featuresOf, OWN_PREFIX, type Features, type Field, type FieldRow, type Session } from '../database';

/** A table or view that a person could mean. */
export interface FoundTable {
  readonly name: string;
  /** As the server has it: `BASE TABLE`, `VIEW`, `SYSTEM VERSIONED`. */
  readonly kind: string;
  readonly engine: string | null;
  readonly isPartitioned: boolean;
  readonly columns: readonly FoundColumn[];
  /** The primary key first, then those of the fewest columns. */
  readonly uniqueIndexes: readonly FoundIndex[];
  readonly foreignKeys: readonly FoundForeignKey[];
}

export interface FoundColumn {
  readonly name: string;
  /** The type's name, e.g. `varchar`. */
  readonly native: string;
  readonly declared: string;
  readonly nullable: boolean;
  readonly length: number | null;
  /** Bytes of the longest value; null for what has no text or bytes. */
  readonly octets: number | null;
  readonly precision: number | null;
  readonly scale: number | null;
  readonly charset: string | null;
  readonly collation: string | null;
  readonly defaultSql: string | null;
  readonly generated: 'no' | 'stored' | 'virtual';
  readonly isJson: boolean;
  readonly autoIncrement: boolean;
  /** What the server keeps of floating point numbers. */
  readonly keepsSignOfZero: boolean;
}

export interface FoundIndex {
  readonly name: string;
  readonly primary: boolean;
  /** Null where it holds an expression, or the beginning of a column only. */
  readonly columns: readonly (string | null)[];
  /** Checked by the server before the row reaches the engine, as MariaDB does it for texts of any length. */
  readonly hashed: boolean;
  /** As `UniqueIndex.rule`. */
  readonly rule: string;
}

/** What happens to rows that reference one that is deleted, or whose key changes. */
export type ReferenceAction = 'cascade' | 'set null' | 'none';

export interface FoundForeignKey {
  readonly name: string;
  readonly columns: readonly string[];
  readonly schema: string;
  readonly table: string;
  readonly referenced: readonly string[];
  readonly onDelete: ReferenceAction;
  readonly onUpdate: ReferenceAction;
}

/** Change tables have twice as many columns as what they are of. */
const NOT_OURS = `LEFT(TABLE_NAME, ${OWN_PREFIX.length}) <> '${OWN_PREFIX}'`;

const TABLES = `SELECT TABLE_NAME, TABLE_TYPE, ENGINE, CREATE_OPTIONS LIKE '%partitioned%'
FROM information_schema.TABLES
WHERE TABLE_SCHEMA = ? AND TABLE_TYPE IN ('BASE TABLE', 'VIEW', 'SYSTEM VERSIONED') AND ${NOT_OURS}`;

const COLUMNS = `SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, IS_NULLABLE, CHARACTER_MAXIMUM_LENGTH,
  CHARACTER_OCTET_LENGTH, NUMERIC_PRECISION, NUMERIC_SCALE, CHARACTER_SET_NAME, COLLATION_NAME, COLUMN_DEFAULT, EXTRA,
  COALESCE(GENERATION_EXPRESSION, '') <> ''
FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND ${NOT_OURS}`;

const INDEXES = `SELECT TABLE_NAME, INDEX_NAME, COLUMN_NAME, SUB_PART, COLLATION, INDEX_TYPE
FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = ? AND NON_UNIQUE = 0 AND ${NOT_OURS}`;

const FOREIGN_KEYS = `SELECT k.TABLE_NAME, k.CONSTRAINT_NAME, k.COLUMN_NAME, k.REFERENCED_TABLE_SCHEMA,
  k.REFERENCED_TABLE_NAME, k.REFERENCED_COLUMN_NAME, r.DELETE_RULE, r.UPDATE_RULE
FROM information_schema.KEY_COLUMN_USAGE k JOIN information_schema.REFERENTIAL_CONSTRAINTS r
  ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME
  AND r.TABLE_NAME = k.TABLE_NAME
WHERE k.TABLE_SCHEMA = ? AND r.CONSTRAINT_SCHEMA = ? AND k.REFERENCED_TABLE_NAME IS NOT NULL
ORDER BY k.TABLE_NAME, k.CONSTRAINT_NAME, k.ORDINAL_POSITION`;

const JSON_CHECKS = `SELECT TABLE_NAME, CHECK_CLAUSE FROM information_schema.CHECK_CONSTRAINTS
WHERE CONSTRAINT_SCHEMA = ? AND CHECK_CLAUSE LIKE 'json_valid(%'`;

/** Tables of the session's database, ours left out, by name; `table`: only this one. */
export async function readCatalog(
  session: Session,
  table: string | null = null,
): Promise<readonly FoundTable[]> {
  const features = await featuresOf(session);
  const { namesTablesOfChecks, indexesExpressions } = features;
  const { database } = session;
  const only = table === null ? '' : ' AND TABLE_NAME = ?';
  const asked = table === null ? [database] : [database, table];
  const tables = await session.query(`${TABLES}${only} ORDER BY TABLE_NAME`, asked);
  const checks = namesTablesOfChecks ? await session.query(`${JSON_CHECKS}${only}`, asked) : [];
  const json = new Set(checks.map(([name, clause]) => `${String(name)}\0${String(clause)}`));
  const columns = group(
    await session.query(`${COLUMNS}${only} ORDER BY TABLE_NAME, ORDINAL_POSITION`, asked),
  );
  const indexSql = indexesExpressions ? INDEXES.replace('INDEX_TYPE', 'INDEX_TYPE, EXPRESSION') : INDEXES;
  const indexes = group(
    await session.query(`${indexSql}${only} ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX`, asked),
  );
  const foreignKeys = group(await session.query(FOREIGN_KEYS, [database, database]));
  return tables.map(([nameField, kind, engine, isPartitioned]) => {
    const name = String(nameField);
    const found = (columns.get(name) ?? []).map((row) => columnOf(row, features, json));
    return {
      name,
      kind: String(kind),
      engine: textOrNull(engine),
      isPartitioned: Number(isPartitioned) === 1,
      columns: found,
      uniqueIndexes: indexesOf(indexes.get(name) ?? [], found),
      foreignKeys: foreignKeysOf(foreignKeys.get(name) ?? []),
    };
  });
}

/** Of all tables of the database: what a deletion in one does to others is known by all of them only. */
export async function readReferences(
  session: Session,
): Promise<ReadonlyMap<string, readonly FoundForeignKey[]>> {
  const { database } = session;
  const rows = group(await session.query(FOREIGN_KEYS, [database, database]));
  return new Map([...rows].map(([table, found]) => [table, foreignKeysOf(found)]));
}

function columnOf(row: FieldRow, features: Features, json: ReadonlySet<string>): FoundColumn {
  const { marksDefaults, keepsSignOfZero } = features;
  const [table, name, native, declared, nullable, length, octets, precision, scale, ...rest] = row;
  const [charset, collation, defaultText, extraText, isGenerated] = rest;
  const extra = String(extraText).toUpperCase();
  const check = `${String(table)}\0json_valid(\`${String(name).replaceAll('`', '``')}\`)`;
  return {
    name: String(name),
    native: String(native).toLowerCase(),
    declared: String(declared),
    nullable: nullable === 'YES',
    length: numberOrNull(length),
    octets: numberOrNull(octets),
    precision: numberOrNull(precision),
    scale: numberOrNull(scale),
    charset: textOrNull(charset),
    collation: textOrNull(collation),
    defaultSql: defaultOf(textOrNull(defaultText), extra, marksDefaults),
    generated: Number(isGenerated) === 1 ? (extra.includes('VIRTUAL') ? 'virtual' : 'stored') : 'no',
    isJson: native === 'json' || json.has(check),
    autoIncrement: extra.includes('AUTO_INCREMENT'),
    keepsSignOfZero,
  };
}

function defaultOf(text: string | null, extra: string, marksDefaults: boolean): string | null {
  if (text === null || text === 'NULL') return null;
  if (!marksDefaults) return text;
  if (/^b'[01]*'$|^0x[0-9A-F]*$/i.test(text)) return text;
  if (!extra.includes('DEFAULT_GENERATED')) return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
  return /^CURRENT_TIMESTAMP/i.test(text) ? text : `(${text.replaceAll("\\'", "'")})`;
}

function indexesOf(rows: readonly FieldRow[], columns: readonly FoundColumn[]): readonly FoundIndex[] {
  const byName = new Map<string, FieldRow[]>();
  for (const row of rows) byName.set(String(row[1]), [...(byName.get(String(row[1])) ?? []), row]);
  const found = [...byName].map(([name, parts]): FoundIndex => {
    const terms = parts.map(([, , column, prefix, , , expression]) => ({
      column: textOrNull(column),
      prefix: numberOrNull(prefix),
      expression: textOrNull(expression ?? null),
      collation: columns.find((candidate) => candidate.name === column)?.collation ?? null,
    }));
    return {
      name,
      primary: name === 'PRIMARY',
      columns: terms.map(({ column, prefix }) => (prefix === null ? column : null)),
      hashed: parts.some((part) => part[5] === 'HASH'),
      rule: JSON.stringify(terms.map((term) => JSON.stringify(term)).sort()),
    };
  });
  return found.sort((one, other) => rank(one) - rank(other) || (one.name < other.name ? -1 : 1));
}

function rank({ primary, columns }: FoundIndex): number {
  return primary ? 0 : columns.length;
}

function foreignKeysOf(rows: readonly FieldRow[]): readonly FoundForeignKey[] {
  const byName = new Map<string, FieldRow[]>();
  for (const row of rows) byName.set(String(row[1]), [...(byName.get(String(row[1])) ?? []), row]);
  return [...byName].map(([name, parts]) => {
    const [first] = parts;
    return {
      name,
      columns: parts.map(([, , column]) => String(column)),
      schema: String(first?.[3]),
      table: String(first?.[4]),
      referenced: parts.map((part) => String(part[5])),
      onDelete: actionOf(first?.[6]),
      onUpdate: actionOf(first?.[7]),
    };
  });
}

/** SET DEFAULT is refused by InnoDB, and NO ACTION is RESTRICT. */
function actionOf(rule: Field | undefined): ReferenceAction {
  return rule === 'CASCADE' ? 'cascade' : rule === 'SET NULL' ? 'set null' : 'none';
}

/** Rows by the table in their first column. */
function group(rows: readonly FieldRow[]): ReadonlyMap<string, readonly FieldRow[]> {
  const groups = new Map<string, FieldRow[]>();
  for (const row of rows) {
    const table = String(row[0]);
    const items = groups.get(table) ?? [];
    items.push(row);
    groups.set(table, items);
  }
  return groups;
}

function textOrNull(field: Field | undefined): string | null {
  return field === null || field === undefined ? null : String(field);
}

function numberOrNull(field: Field | undefined): number | null {
  return field === null || field === undefined ? null : Number(field);
}
