/** Whether a target table has to be made, and whether the one that stands there will do. */
import { CdcError } from '../../../errors';
import {
  convertedKey,
  displayName,
  type ColumnSchema,
  type PlanStep,
  type TablePlan,
  type TableRoute,
} from '../../../model';
import { errorNumberOf, OWN_PREFIX, type Session } from '../database';
import type { FoundColumn } from '../schema/catalog';
import { readTable } from '../schema/tables';
import { nativeName } from '../schema/types';
import { createTableSql } from './create-table';
import { requireTransactions } from './shape';

/**
 * Null where the table exists. Throws NAME_COLLISION for a name that begins as ours do, TARGET_TABLE_MISMATCH where
 * something else has the name or where the key would be converted, TYPE_MISMATCH for what can't be made here.
 */
export async function planTable(
  session: Session,
  route: TableRoute,
  sameFamily: boolean,
): Promise<TablePlan | null> {
  const { schema, name } = route.target;
  const refuse = (code: 'NAME_COLLISION' | 'TARGET_TABLE_MISMATCH', says: string): CdcError =>
    new CdcError(code, `Table ${route.id} cannot go to ${displayName(route.target)}: ${says}`, {
      hint: 'Map the table to another name with `to`.',
      table: route.id,
    });
  if (name.startsWith(OWN_PREFIX)) {
    throw refuse('NAME_COLLISION', `names that begin with ${OWN_PREFIX} are temporal-cdc's own`);
  }
  if (schema !== null) {
    throw refuse(
      'TARGET_TABLE_MISMATCH',
      `the connection names the database ${session.database}, and no other is written`,
    );
  }
  // Before the table is read: one that is made meanwhile would be taken for something else that has the name.
  const taken = await session.first(
    'SELECT TABLE_TYPE FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?',
    [session.database, name],
  );
  if (taken !== undefined) {
    const detail = await readTable(session, name);
    if (detail === null) {
      throw refuse('TARGET_TABLE_MISMATCH', `a ${String(taken[0]).toLowerCase()} has this name already`);
    }
    requireTransactions(route, detail);
    requireSameKey(route, detail.found.columns, { sameFamily, isMade: false });
    return null;
  }
  const made = await createTableSql(session, route, sameFamily);
  const chosen = made.columns.filter(({ name }) => (route.types?.[name]?.type ?? null) !== null);
  requireSameKey(route, chosen.map(keyColumn), { sameFamily, isMade: true });
  return { on: 'target', table: route.id, ...made };
}

/** Types that give a key another value, or take different keys for one. */
const MERGING = ['char', 'float', 'double', 'json', 'enum', 'set'];

/** What is to be known of a column of a key. */
type KeyColumn = Pick<FoundColumn, 'name' | 'native' | 'declared' | 'collation'>;

/** The same of a column that is to be made, of a type as somebody wrote it. */
function keyColumn({ name, declaredType, collation }: ColumnSchema): KeyColumn {
  const written = nativeName(declaredType);
  const isChar = /^(?:national +char|nchar|char)(?:acter)?\b(?! *varying)/i.test(declaredType);
  const isFloat = /^(?:real|float\d)$/.test(written);
  const native = isChar ? 'char' : isFloat ? 'double' : written;
  return { name, native, declared: declaredType.toLowerCase(), collation };
}

/** A key that the target converts is another key: rows would collapse. Within the family the engine compares collations. */
function requireSameKey(
  route: TableRoute,
  columns: readonly KeyColumn[],
  { sameFamily, isMade }: { readonly sameFamily: boolean; readonly isMade: boolean },
): void {
  for (const key of route.key) {
    const source = route.source.columns.find((column) => column.name === key);
    const found = columns.find(({ name }) => name.toLowerCase() === key.toLowerCase());
    if (source === undefined || found === undefined) continue;
    if (sameFamily && source.declaredType === found.declared) continue;
    const isFolded = found.collation !== null && !/_bin$/.test(found.collation);
    if (!MERGING.includes(found.native) && (sameFamily || !isFolded)) continue;
    if (!isFolded || MERGING.includes(found.native)) throw convertedKey(route, key, { isMade });
    throw new CdcError(
      'TARGET_TABLE_MISMATCH',
      `Target table ${displayName(route.target)} declares the key column ${key} with the collation ${found.collation}, by which different keys are equal`,
      {
        hint: 'Declare it as the source does, texts with a collation that ends in _bin, or drop the table so that it is created.',
        table: route.id,
        column: key,
      },
    );
  }
}

const TABLE_EXISTS = 1050;
/** The key is too long for an index, the row for a table. */
const TOO_LARGE: readonly number[] = [1071, 1118, 1074, 1163, 1170];

/** Throws SCHEMA_MOVED when somebody else has made the table meanwhile, TYPE_MISMATCH for a key or row that is too long. */
export async function createTable(session: Session, { sql, table }: PlanStep): Promise<void> {
  const name = table ?? 'of ours';
  const on = table === null ? {} : { table };
  try {
    await session.execute(sql, [], on);
  } catch (error) {
    const number = errorNumberOf(error) ?? 0;
    if (number === TABLE_EXISTS) {
      throw new CdcError('SCHEMA_MOVED', `The target table of ${name} was made by somebody else meanwhile`, {
        ...on,
        cause: error,
      });
    }
    if (TOO_LARGE.includes(number)) {
      throw new CdcError(
        'TYPE_MISMATCH',
        `The target table of ${name} cannot be made: its key or its rows are too long for this server`,
        { ...on, hint: 'Create the table on the target yourself, with shorter columns.', cause: error },
      );
    }
    throw error;
  }
}
