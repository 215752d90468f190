/** The statement that makes a target table for a route. */
import { CdcError } from '../../../errors';
import {
  columnsOfRoute,
  displayName,
  type ColumnSchema,
  type PlanNotice,
  type TablePlan,
  type TableRoute,
} from '../../../model';
import { featuresOf, qualify, quote, quoteAll, type Features, type Session } from '../database';
import { readCollations } from '../schema/collations';
import { describeType, nativeName, onServer } from '../schema/types';
import { keptDefault } from './defaults';
import { nativeType, type Room } from './native-types';

/** An index of InnoDB takes this many bytes, of pages that have the size they have by default. */
const KEY_BYTES = 3_072;
const LETTER_BYTES = 4;

/**
 * Within the family: the source's declared types with their character sets and collations as far as they are known, NOT NULL, the counting column
 * and the defaults that both servers understand; else types that hold what the source's do. Further indexes and foreign
 * keys are left out: the source has checked them.
 *
 * Throws TYPE_MISMATCH for a type or character set that can't be had here, and for a key that no index takes, with table and
 * column.
 */
export async function createTableSql(
  session: Session,
  route: TableRoute,
  sameFamily: boolean,
): Promise<Pick<TablePlan, 'sql' | 'columns'>> {
  const columns = columnsOfRoute(route);
  const made = sameFamily
    ? await familyColumns(session, route, columns)
    : await foreignColumns(session, route, columns);
  // A unique index as key stays one, so that the table's own primary key can be made later.
  const constraint = route.source.key?.from === 'unique index' ? 'UNIQUE' : 'PRIMARY KEY';
  const counting = countingColumn(route, sameFamily);
  const lines = [...made.map(({ sql }) => sql), `${constraint} (${quoteAll(route.key)})`];
  if (counting !== null && route.key[0] !== counting) lines.push(`KEY (${quote(counting)})`);
  return {
    sql: `CREATE TABLE ${qualify(route.target)} (\n  ${lines.join(',\n  ')}\n) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4`,
    columns: made.map(({ column }) => column),
  };
}

/** A column's definition, and the column that comes of it. */
interface MadeColumn {
  readonly sql: string;
  readonly column: ColumnSchema;
}

function madeColumn(column: ColumnSchema, type: string, features: Features): MadeColumn {
  const declaredType = withoutCharset(type);
  return {
    sql: `${quote(column.name)} ${type} ${column.nullable ? 'NULL' : 'NOT NULL'}`,
    column: { ...column, collation: null, defaultSql: null, declaredType, ...describeHere(type, features) },
  };
}

function withoutCharset(type: string): string {
  return type.replace(/ (CHARACTER SET|COLLATE) .*$/i, '');
}

function describeHere(type: string, features: Features): Pick<ColumnSchema, 'type' | 'bounds'> {
  const described = describeType(type);
  return { ...described, bounds: onServer(described.bounds, features) };
}

function chosenType({ types }: TableRoute, { name }: ColumnSchema): string | null {
  return types?.[name]?.type ?? null;
}

/** Of somebody's choice. A key of texts is compared as on the source, or by bytes: else different keys would be one. */
function chosenColumn(
  route: TableRoute,
  column: ColumnSchema,
  type: string,
  features: Features,
  collations: ReadonlyMap<string, string>,
): MadeColumn {
  if (!route.key.includes(column.name) || !/^[^('"]*(?:char|text)/i.test(type)) {
    return madeColumn(column, type, features);
  }
  const charset = /\b(?:character set|charset) +(\w+)/i.exec(type)?.[1]?.toLowerCase();
  const known =
    column.collation === null
      ? { charset: 'utf8mb4', collation: byBytes(collations) }
      : comparisonFor(route, column, collations);
  const compared =
    charset === undefined || charset === known?.charset
      ? known
      : { charset, collation: charset === 'utf8mb4' ? byBytes(collations) : `${charset}_bin` };
  const bare = type.replace(/ +(?:character set|charset) +\w+/i, '');
  if (compared === null) return madeColumn(column, type, features);
  const whole = `${bare} CHARACTER SET ${compared.charset} COLLATE ${compared.collation}`;
  const { sql, column: made } = madeColumn(column, whole, features);
  return { sql, column: { ...made, collation: compared.collation } };
}

function countingColumn({ source, columns }: TableRoute, sameFamily: boolean): string | null {
  const found = source.columns.find(({ name, counting }) => counting === true && columns.includes(name));
  return sameFamily ? (found?.name ?? null) : null;
}

async function familyColumns(
  session: Session,
  route: TableRoute,
  columns: readonly ColumnSchema[],
): Promise<readonly MadeColumn[]> {
  const collations = await readCollations(session);
  const features = await featuresOf(session);
  const counting = countingColumn(route, true);
  return columns.map((column) => {
    const { name, collation } = column;
    const chosen = chosenType(route, column);
    if (chosen !== null) return chosenColumn(route, column, chosen, features, collations);
    const declared = declaredHere(route, column, features, collations);
    const parts = [quote(name), declared];
    if (collation !== null && column.type.kind !== 'json') {
      const known = comparisonFor(route, column, collations);
      if (known === null) {
        throw missing(route, column, `has the collation ${collation}, which this server does not know`);
      }
      parts.push(`CHARACTER SET ${known.charset} COLLATE ${known.collation}`);
    }
    // Without it a TIMESTAMP would not take NULL everywhere.
    parts.push(column.nullable ? 'NULL' : 'NOT NULL');
    const kept = keptDefault(column);
    if (kept !== null) parts.push(`DEFAULT ${kept}`);
    if (name === counting) parts.push('AUTO_INCREMENT');
    const own =
      declared === column.declaredType
        ? {}
        : { declaredType: withoutCharset(declared), ...describeHere(declared, features) };
    return { sql: parts.join(' '), column: { ...column, ...own } };
  });
}

/**
 * JSON is a type of its own on one server, and a text that is checked on the other. A type that this server lacks becomes
 * what it becomes in another kind of database.
 */
function declaredHere(
  route: TableRoute,
  column: ColumnSchema,
  features: Features,
  collations: ReadonlyMap<string, string>,
): string {
  const { name, type, declaredType } = column;
  if (isLacking(column, features)) {
    const keyLetters = route.key.includes(name) ? OWN_TYPE_LETTERS : null;
    return nativeType(column, { collation: byBytes(collations), keyLetters }) ?? declaredType;
  }
  // MySQL's name for it is MySQL's alone.
  if (declaredType === 'geomcollection') return 'geometrycollection';
  if (type.kind !== 'json') return declaredType;
  if (features.namesTablesOfChecks) return 'json';
  return declaredType === 'json' ? 'json' : 'longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin';
}

/** Types that not every server has, and the letters of their longest values that can be keys. */
const OWN_TYPES = ['uuid', 'inet4', 'inet6', 'vector'];
const OWN_TYPE_LETTERS = 64;

function isLacking({ declaredType }: ColumnSchema, { ownTypes }: Features): boolean {
  const native = nativeName(declaredType);
  return OWN_TYPES.includes(native) && !ownTypes.has(native);
}

/** How a text is stored and compared. */
interface Comparison {
  readonly charset: string;
  readonly collation: string;
}

/** The best that a server has to compare texts by their bytes. */
function byBytes(collations: ReadonlyMap<string, string>): string {
  return ['utf8mb4_0900_bin', 'utf8mb4_nopad_bin'].find((name) => collations.has(name)) ?? 'utf8mb4_bin';
}

/**
 * As on the source where the server knows the collation. Else keys are compared by their bytes, which tells apart
 * whatever the source does; what sorts another column matters to those who read here only. Null for a character set
 * that is not known either.
 */
function comparisonFor(
  route: TableRoute,
  { name, collation }: ColumnSchema,
  collations: ReadonlyMap<string, string>,
): Comparison | null {
  const wanted = collation ?? '';
  const known = collations.get(wanted);
  const isKey = route.key.includes(name);
  // MariaDB has MySQL's newer names for collations of its own, which don't take the same texts for equal.
  const isAlias = /_0900_(?!bin)/.test(wanted) && !collations.has('utf8mb4_0900_bin');
  if (known !== undefined && !(isKey && isAlias)) return { charset: known, collation: wanted };
  if (isKey) return { charset: 'utf8mb4', collation: byBytes(collations) };
  const general = `${wanted.replace(/_.*$/, '')}_general_ci`;
  const charset = collations.get(general);
  return charset === undefined ? null : { charset, collation: general };
}

/** What a person should know of columns that are compared or declared otherwise than on the source, in a table made here. */
export async function familyNotices(session: Session, route: TableRoute): Promise<readonly PlanNotice[]> {
  const collations = await readCollations(session);
  const features = await featuresOf(session);
  return route.source.columns.flatMap((column) => {
    const { name, collation, type, declaredType } = column;
    const notice = (gets: string, lacks: string): readonly PlanNotice[] => [
      {
        table: route.id,
        message: `Column ${name} of target table ${displayName(route.target)} gets the ${gets}: this server does not have the source's ${lacks}`,
      },
    ];
    if (!route.columns.includes(name)) return [];
    if (isLacking(column, features)) {
      return notice(`type ${declaredHere(route, column, features, collations)}`, declaredType);
    }
    if (collation === null || type.kind === 'json') return [];
    const found = comparisonFor(route, column, collations)?.collation ?? collation;
    return found === collation ? [] : notice(`collation ${found}`, collation);
  });
}

async function foreignColumns(
  session: Session,
  route: TableRoute,
  columns: readonly ColumnSchema[],
): Promise<readonly MadeColumn[]> {
  const features = await featuresOf(session);
  const collations = await readCollations(session);
  const collation = byBytes(collations);
  const keyColumns = columns.filter(({ name }) => route.key.includes(name));
  const free = KEY_BYTES - keyColumns.reduce((sum, column) => sum + keyBytes(column), 0);
  const open = keyColumns.filter((column) => keyBytes(column) === 0).length;
  const last = keyColumns.at(-1);
  if (last !== undefined && (free < 0 || (open > 0 && free < open * 64 * LETTER_BYTES))) {
    throw missing(route, last, 'belongs to a key that is longer than an index here takes');
  }
  const letters = open === 0 ? KEY_BYTES : Math.floor(free / open / LETTER_BYTES);
  return columns.map((column) => {
    const room: Room = { collation, keyLetters: route.key.includes(column.name) ? letters : null };
    const chosen = chosenType(route, column);
    // A collation of another kind of database means nothing here.
    if (chosen !== null)
      return chosenColumn(route, { ...column, collation: null }, chosen, features, collations);
    const type = nativeType(column, room);
    if (type === null) throw missing(route, column, 'has no counterpart here');
    return madeColumn(column, type, features);
  });
}

/** Bytes of a key's column in the index; 0 for a text or bytes without a length, which share what is left. */
function keyBytes(column: ColumnSchema): number {
  const { type } = column;
  switch (type.kind) {
    case 'text':
      return (type.length ?? 0) * LETTER_BYTES;
    case 'bytes':
      return type.length ?? 0;
    case 'enum':
      return 255 * LETTER_BYTES;
    case 'dynamic':
      return /^var/.test(nativeType(column, { collation: '', keyLetters: 1 }) ?? '') ? 0 : 30;
    case 'json':
    case 'interval':
    case 'array':
    case 'other':
      return 0;
    case 'bool':
    case 'int':
    case 'decimal':
    case 'float':
    case 'date':
    case 'time':
    case 'timestamp':
    case 'uuid':
      return 40;
  }
}

function missing(route: TableRoute, column: ColumnSchema, says: string): CdcError {
  return new CdcError(
    'TYPE_MISMATCH',
    `Column ${column.name} of table ${route.id} ${says}, so that ${displayName(route.target)} can't be made`,
    {
      hint: 'Create the table on the target yourself, or leave the column out with `columns`.',
      table: route.id,
      column: column.name,
    },
  );
}
