/** The statement that makes a target table for a route. */
import { CdcError } from '../../../errors';
import {
  columnsOfRoute,
  displayName,
  type ColumnSchema,
  type TableName,
  type TablePlan,
  type TableRoute,
} from '../../../model';
import { qualify, quote, quoteAll, quoteText } from '../database/identifiers';
import type { Session } from '../database/session';
import { asDefinedHere } from '../schema/own-type';
import { describeType } from '../schema/types';
import { keptDefault } from './defaults';
import { nativeType } from './native-types';

/**
 * Within the family: the source's declared types, NOT NULL, collations and the defaults that name nothing of its own
 * database; else types that hold what the source's do. Generated and identity columns become plain ones: rows come
 * with all their values. Further unique indexes and foreign keys are left out, too: the source has checked them.
 *
 * Throws TYPE_MISMATCH for a type or collation that can't be had here, with table and column.
 */
export async function createTableSql(
  session: Session,
  route: TableRoute,
  target: TableName,
  sameFamily: boolean,
): Promise<Pick<TablePlan, 'sql' | 'columns'>> {
  const enums: string[] = [];
  const made: MadeColumn[] = [];
  for (const column of columnsOfRoute(route)) {
    const chosen = route.types?.[column.name]?.type ?? null;
    if (chosen !== null) made.push(await chosenColumn(session, route, column, chosen));
    else if (!sameFamily) made.push(foreignColumn(route, column));
    else {
      const type = await requireType(session, route, column);
      if (type !== null && !enums.includes(type)) enums.push(type);
      const here =
        type === null ? await asDefinedHere(session, withoutLength(column.declaredType), column) : column;
      made.push({ sql: await familyColumn(session, route, column), column: here });
    }
  }
  // A unique index as key stays one, so that the table's own primary key can be made later.
  const constraint = route.source.key?.from === 'unique index' ? 'UNIQUE' : 'PRIMARY KEY';
  const lines = [...made.map(({ sql }) => sql), `${constraint} (${quoteAll(route.key)})`];
  const table = `CREATE TABLE ${qualify(target)} (\n  ${lines.join(',\n  ')}\n)`;
  return {
    sql: [...(await missingSchema(session, target)), ...enums, table].join(';\n'),
    columns: made.map(({ column }) => column),
  };
}

/** A column's definition, and the column that comes of it. */
interface MadeColumn {
  readonly sql: string;
  readonly column: ColumnSchema;
}

/** A type of somebody's choice. */
async function chosenColumn(
  session: Session,
  route: TableRoute,
  column: ColumnSchema,
  type: string,
): Promise<MadeColumn> {
  if (!(await hasType(session, type))) {
    const [here] = await typesCalled(session, type);
    const but = here === undefined ? '' : ` but as ${here} (write its schema, too)`;
    throw typeMissing(route, column, `is to have the type ${type}, which does not exist here${but}`);
  }
  const made = madeColumn(column, type, keyCollation(route, column, type));
  return { ...made, column: await asDefinedHere(session, withoutLength(type), made.column) };
}

/** Types of this name in any schema: names are looked up in none but that of the system. */
async function typesCalled(session: Session, type: string): Promise<readonly string[]> {
  if (!/^("[^"]+"|[\p{L}_][\p{L}\p{N}_$]*)(\[\])*$/u.test(type)) return [];
  const rows = await session.query(
    `SELECT format_type(oid, NULL) FROM pg_type WHERE typname = (parse_ident($1))[1] ORDER BY 1`,
    [type.replace(/(\[\])+$/, '')],
  );
  return rows.map(([name]) => `${name ?? ''}${/(\[\])+$/.exec(type)?.[0] ?? ''}`);
}

function madeColumn(column: ColumnSchema, type: string, collation: string): MadeColumn {
  return {
    sql: `${quote(column.name)} ${type}${collation}${column.nullable ? '' : ' NOT NULL'}`,
    column: { ...column, collation: null, defaultSql: null, declaredType: type, ...describeType(type) },
  };
}

/** The statement that makes a schema where it is missing: a table keeps its own where none was asked for. */
async function missingSchema(
  session: Session,
  { schema }: Pick<TableName, 'schema'>,
): Promise<readonly string[]> {
  if (schema === null) return [];
  const row = await session.first('SELECT to_regnamespace($1) IS NULL', [quote(schema)]);
  return row?.[0] === 't' ? [`CREATE SCHEMA IF NOT EXISTS ${quote(schema)}`] : [];
}

function foreignColumn(route: TableRoute, column: ColumnSchema): MadeColumn {
  const type = nativeType(column);
  if (type === null) throw typeMissing(route, column, 'has no counterpart in PostgreSQL');
  return madeColumn(column, type, keyCollation(route, column, type));
}

/** Keys of texts are told apart as other databases do: byte by byte. */
function keyCollation(route: TableRoute, column: ColumnSchema, type: string): string {
  const inKey = route.key.includes(column.name);
  const isText = /^(text|character varying|varchar)\b(?!.*\[)/i.test(type);
  return inKey && isText && isBytewise(column) ? ' COLLATE "C"' : '';
}

function isBytewise({ type, collation }: ColumnSchema): boolean {
  return type.kind === 'dynamic' && (collation === null || /^binary$/i.test(collation));
}

async function familyColumn(session: Session, route: TableRoute, column: ColumnSchema): Promise<string> {
  const parts = [quote(column.name), column.declaredType];
  if (column.collation !== null) {
    const [row] = await session.query('SELECT to_regcollation($1)::text', [column.collation]);
    if ((row?.[0] ?? null) === null)
      throw typeMissing(route, column, `has the collation ${column.collation}, which does not exist here`);
    parts.push(`COLLATE ${column.collation}`);
  }
  if (!column.nullable) parts.push('NOT NULL');
  const kept = keptDefault(column);
  if (kept !== null) parts.push(`DEFAULT ${kept}`);
  return parts.join(' ');
}

/** Looks whether a type of the source exists here. Answers the statement that makes it where that can be told. */
async function requireType(
  session: Session,
  route: TableRoute,
  column: ColumnSchema,
): Promise<string | null> {
  if (await hasType(session, column.declaredType)) return null;
  const element = column.declaredType.replace(/(\[\])+$/, '');
  const type = column.type.kind === 'array' ? column.type.of : column.type;
  if (type.kind === 'enum') {
    const [schema] = (await session.first('SELECT (parse_ident($1))[1]', [element])) ?? [];
    const made = await missingSchema(session, { schema: schema ?? null });
    const members = type.members.map((member) => quoteText(member)).join(', ');
    return [...made, makeOnce(`CREATE TYPE ${element} AS ENUM (${members})`)].join(';\n');
  }
  throw typeMissing(route, column, `has the type ${column.declaredType}, which does not exist here`);
}

/** Several tables of one setup can need the same type. */
function makeOnce(sql: string): string {
  return `DO ${quoteText(`BEGIN ${sql}; EXCEPTION WHEN duplicate_object THEN NULL; END`)}`;
}

async function hasType(session: Session, declaredType: string): Promise<boolean> {
  const row = await session.first('SELECT to_regtype($1) IS NOT NULL', [withoutLength(declaredType)]);
  return row?.[0] === 't';
}

/** Only newer servers look up a type with its length or precision; a quoted name may end like one. */
function withoutLength(declaredType: string): string {
  return declaredType.replace(/\([\d, -]+\)(?=( with(out)? time zone)?(\[\])*$)/, '');
}

function typeMissing(route: TableRoute, column: ColumnSchema, says: string): CdcError {
  return new CdcError(
    'TYPE_MISMATCH',
    `Column ${column.name} of table ${route.id} ${says}, so that ${displayName(route.target)} can't be made`,
    {
      hint: 'Create the type (CREATE TYPE, CREATE EXTENSION) or the table on the target, or leave the column out with `columns`.',
      table: route.id,
      column: column.name,
    },
  );
}
