/** Target tables that are missing: the statements that make them, or, where none may be made, one refusal of them all. */
import { CdcError, isCdcError } from '../errors';
import { displayName } from '../model';
import type { ColumnSchema, PlanStep, TableRoute, Target } from '../model';

export interface PlannedTable {
  readonly missing: boolean;
  /** What makes it. */
  readonly step: PlanStep | null;
  /** Its columns as they would be; null for a table that is there, or can't be made. */
  readonly columns: readonly ColumnSchema[] | null;
  /** Why it can't be made: a column that has no type here. */
  readonly refusal: CdcError | null;
}

/** As `Target.planTable`; where no table may be made, one that we could not make is missing like any other. A column without a type is told, not thrown. */
export async function planTable(
  target: Target,
  route: TableRoute,
  sourceFamily: string,
  createTables: boolean,
): Promise<PlannedTable> {
  try {
    const planned = await target.planTable(route, sourceFamily);
    if (planned === null) return { missing: false, step: null, columns: null, refusal: null };
    const { columns, ...step } = planned;
    return { missing: true, step, columns, refusal: null };
  } catch (error) {
    if (!isCdcError(error, 'TYPE_MISMATCH')) throw error;
    if (createTables && error.column === null) throw error;
    return { missing: true, step: null, columns: null, refusal: createTables ? error : null };
  }
}

/** Throws TARGET_TABLE_MISSING with the names of all of them, unless there is none. */
export function refuseMissing(pipeline: string, missing: readonly TableRoute[]): void {
  const [first, ...more] = missing;
  if (first === undefined) return;
  const many = more.length > 0;
  const names = missing.map((route) => displayName(route.target)).join(', ');
  throw new CdcError(
    'TARGET_TABLE_MISSING',
    `Target table${many ? 's' : ''} ${names} ${many ? 'do' : 'does'} not exist, and \`createTables: false\` makes none`,
    {
      table: first.id,
      hint:
        `\`cdc plan ${pipeline}\` shows the statement${many ? 's' : ''} that would make ${many ? 'them' : 'it'}: ` +
        'run what you need of that on the target, or set `createTables: true`.',
    },
  );
}
