/** The columns of tables while they are read: whether they are those of before, and what it means that they are not. */
import { CdcError, isCdcError } from '../../errors';
import type { KeysetColumn, KeysetReader, Position, TableRoute } from '../../model';
import { columnMarksOf, shapeOf } from './passes';
import { decodeKeyset } from './position';
import type { ColumnMark, TableMark } from './position';

/** Throws SOURCE_SCHEMA_CHANGED. */
export function requireCaptured({ route, column }: KeysetColumn): void {
  if (route.source.columns.some(({ name }) => name === column)) return;
  throw new CdcError('SOURCE_SCHEMA_CHANGED', `Table ${route.id} has no column ${column} any more`, {
    hint: 'Changes are found by this column: add it again, then run `cdc resume NAME --table T`.',
    table: route.id,
    column,
  });
}

/** Throws SOURCE_SCHEMA_CHANGED, POSITION_INVALID. Answers what names the columns. */
export function checkShapes(position: Position, columns: readonly KeysetColumn[]): string {
  const { tables } = decodeKeyset(position);
  const shapes = columns.map((column) => {
    const { id } = column.route;
    const shape = shapeOf(column);
    const mark = tables[id];
    if (mark !== undefined && !isAsMarked(column, shape, mark)) {
      throw new CdcError('SOURCE_SCHEMA_CHANGED', `The columns of table ${id} have changed`, {
        hint: 'Change the target table accordingly, then run `cdc resume NAME --table T`: it is copied again.',
        table: id,
      });
    }
    return [id, shape];
  });
  return JSON.stringify(shapes);
}

function isAsMarked({ route }: KeysetColumn, shape: string, mark: TableMark): boolean {
  if (mark.shape !== null) return mark.shape === shape;
  return mark.begun === undefined || isAsBegun(route, mark.begun);
}

/** Setup does not know which columns are replicated: where some are left out, others that are may go. */
function isAsBegun(route: TableRoute, begun: readonly ColumnMark[]): boolean {
  const types = new Map(begun);
  const now = columnMarksOf(route);
  const all = route.source.columns.filter(({ generated }) => generated === 'no').length;
  if (now.length === all && begun.length !== all) return false;
  return now.every(([name, type]) => types.get(name) === type);
}

/**
 * Reads of tables. Where that fails because one is not as its route says, this is what it fails for: a column of another
 * type makes all kinds of errors. Throws SCHEMA_MOVED, SOURCE_SCHEMA_CHANGED, and what `work` throws.
 */
export async function reading<T>(
  reader: KeysetReader,
  routes: readonly TableRoute[],
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isCdcError(error, 'SCHEMA_MOVED')) await reader.check(routes);
    throw error;
  }
}

/**
 * Looks at tables without reading for good. What is the matter with one of them is no reason for a look at all of them
 * to fail: `otherwise` it is found to have something, and whoever reads it parks it.
 */
export async function looking<T>(work: () => Promise<T>, otherwise: T): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const isOfTable = isCdcError(error) && error.table !== null;
    if (isOfTable && (!error.retryable || error.code === 'SCHEMA_MOVED')) return otherwise;
    throw error;
  }
}
