/** What writing into a target table must know of it: its key, its other unique indexes, how each column is written. */
import { CdcError } from '../../../errors';
import {
  displayName,
  meetsNumber,
  type ColumnSchema,
  type TableRoute,
  type TableSchema,
} from '../../../model';
import { errorNumberOf, featuresOf, qualify, type Features, type Session } from '../database';
import type { FoundColumn, FoundIndex } from '../schema/catalog';
import { comparesBytes, ignoresBlanks } from '../schema/collations';
import { readTable, type TableDetail } from '../schema/tables';
import { fitFor, type Fit } from './fitting';

/** A column of the target that a route writes. */
export interface TargetColumn {
  /** As the target spells it. */
  readonly name: string;
  readonly found: FoundColumn;
  readonly fit: Fit;
  /** True where equal values can be spelled differently. */
  readonly respelled: boolean;
}

export interface TargetShape {
  /** Quoted. */
  readonly table: string;
  readonly schema: TableSchema;
  /** As `readDefinition` read it before all else. */
  readonly definition: string;
  /** The route's columns in order. */
  readonly columns: readonly TargetColumn[];
  /** The key's columns in order. */
  readonly key: readonly TargetColumn[];
  /** Other unique indexes over whole columns that are all written, each by its columns' places in the route. */
  readonly uniques: readonly (readonly number[])[];
  /** True when something besides the key can refuse a row because of another row. */
  readonly furtherUnique: boolean;
  /**
   * True when the source refuses whatever the other unique indexes refuse: two of its rows never stand in each other's
   * way, so a row that does is outdated.
   */
  readonly alikeUnique: boolean;
  /** True when a row whose key is there meets that one first, before any other unique index is looked at. */
  readonly keyFirst: boolean;
}

/** Throws TARGET_TABLE_MISMATCH when the table is gone, has no transactions, or lacks a column or its unique key. */
export async function readShape(session: Session, route: TableRoute): Promise<TargetShape> {
  const definition = await readDefinition(session, qualify(route.target));
  const detail = definition === null ? null : await readTable(session, route.target.name);
  if (definition === null || detail === null) throw mismatch(route, 'does not exist any more');
  requireTransactions(route, detail);
  const { found, schema } = detail;
  const features = await featuresOf(session);
  const columnOf = (wanted: string): FoundColumn => {
    const column =
      found.columns.find(({ name }) => name === wanted) ??
      found.columns.find(({ name }) => name.toLowerCase() === wanted.toLowerCase());
    if (column === undefined) throw mismatch(route, `lacks the column ${wanted}`, wanted);
    return column;
  };
  const columns = route.columns.map((name): TargetColumn => {
    const column = columnOf(name);
    const source = route.source.columns.find((candidate) => candidate.name === name);
    if (source === undefined) {
      throw new CdcError('COLUMN_UNKNOWN', `Table ${route.id} has no column ${name}`, {
        table: route.id,
        column: name,
      });
    }
    return {
      name: column.name,
      found: column,
      fit: fitHere(column, source, route.key.includes(name), features),
      respelled: column.collation !== null && !comparesBytes(column.collation),
    };
  });
  const key = route.key.flatMap((name) => columns[route.columns.indexOf(name)] ?? []);
  const wanted = names(key.map(({ name }) => name));
  const isKey = (index: FoundIndex): boolean => names(index.columns) === wanted;
  const keys = found.uniqueIndexes.filter(isKey);
  if (keys.length === 0) throw mismatch(route, `has no unique key over (${route.key.join(', ')})`);
  const places = new Map(columns.map(({ name }, place) => [name, place]));
  const others = found.uniqueIndexes.filter(
    (index) => !isKey(index) && !countsAlone(found.columns, index, places),
  );
  const whole = others.flatMap((index): (readonly number[])[] => {
    const at = index.columns.map((name) => (name === null ? undefined : places.get(name)));
    const written = at.filter((place) => place !== undefined);
    return written.length === at.length ? [written] : [];
  });
  return {
    table: qualify(schema.name),
    schema,
    definition,
    columns,
    key,
    uniques: whole,
    furtherUnique: others.length > 0,
    alikeUnique: whole.length === others.length && others.every((index) => isAlike(route, index)),
    keyFirst: keys.some(({ primary }) => primary) && !found.uniqueIndexes.some(({ hashed }) => hashed),
  };
}

/**
 * A key that ends in blanks would be written over the one without them, where the column ignores them and the source may
 * not; and a text over a number.
 */
function fitHere(column: FoundColumn, source: ColumnSchema, isKey: boolean, features: Features): Fit {
  const fit = fitFor(source.type, column, features);
  if (!isKey) return fit;
  const isText = /char|text/.test(column.native);
  const ignores = ignoresBlanks(column.collation) && column.collation !== source.collation;
  return (value) => {
    const isAnother = ignores && typeof value === 'string' && value.endsWith(' ');
    return isAnother || (isText && meetsNumber(source.type, value)) ? undefined : fit(value);
  };
}

/** `table` with all that a shape depends on, as one text; null where there is no such table. */
export async function readDefinition(session: Session, table: string): Promise<string | null> {
  try {
    const row = await session.first(`SHOW CREATE TABLE ${table}`);
    // The next number is in it, too.
    return String(row?.[1]).replace(/ AUTO_INCREMENT=\d+/, '');
  } catch (error) {
    if (errorNumberOf(error) === NO_SUCH_TABLE) return null;
    throw error;
  }
}

const NO_SUCH_TABLE = 1146;

/** A number that the target gives itself stands in nobody's way. */
function countsAlone(
  columns: readonly FoundColumn[],
  index: FoundIndex,
  written: ReadonlyMap<string, number>,
): boolean {
  const [only, ...more] = index.columns;
  const column = columns.find(({ name }) => name === only);
  return more.length === 0 && column?.autoIncrement === true && !written.has(column.name);
}

/** Whether the source has the same rule, in the words of its own family or as a unique index over the same columns. */
function isAlike(route: TableRoute, { rule, columns }: FoundIndex): boolean {
  return route.source.uniqueIndexes.some(
    (index) => index.rule === rule || (!index.partial && names(index.columns) === names(columns)),
  );
}

function names(columns: readonly (string | null)[]): string {
  return JSON.stringify(columns.map((name) => name?.toLowerCase() ?? null).sort());
}

/** Throws TARGET_TABLE_MISMATCH for a table whose rows and checkpoint can't commit together. */
export function requireTransactions(route: TableRoute, { found }: TableDetail): void {
  if (found.kind === 'VIEW') throw mismatch(route, 'is a view');
  if (found.engine?.toUpperCase() === 'INNODB') return;
  throw new CdcError(
    'TARGET_TABLE_MISMATCH',
    `Target table ${displayName(route.target)} is of the engine ${found.engine ?? 'of a server plugin'}, which has no transactions: its rows can't commit together with the checkpoint`,
    { table: route.id, hint: `ALTER TABLE ${qualify(route.target)} ENGINE = InnoDB;` },
  );
}

function mismatch(route: TableRoute, says: string, column?: string): CdcError {
  return new CdcError('TARGET_TABLE_MISMATCH', `Target table ${displayName(route.target)} ${says}`, {
    table: route.id,
    ...(column === undefined ? {} : { column }),
  });
}
