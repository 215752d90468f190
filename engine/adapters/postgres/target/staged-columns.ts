/**
 * How each column of a route is staged when its rows come as values. Where what fits the column can be told here,
 * it is staged in the target's own type, so that nothing is left to convert; else as text, which the merge converts.
 */
import { CdcError } from '../../../errors';
import { meetsNumber, type ColumnSchema, type TableRoute, type TableSchema } from '../../../model';
import { fitFor, type Fit } from './fitting';
import type { TargetColumn, TargetShape } from './shape';
import type { StagedColumn } from './staging';

export interface ValueColumn extends StagedColumn {
  /** The text that COPY gets. */
  readonly fit: Fit;
}

/** Base types whose every fitting text their input function takes. */
const TYPED = new Set(['smallint', 'integer', 'bigint', 'double precision', 'real', 'boolean', 'bytea']);
/** Base types that are text, whatever their length. */
const TEXTS = new Set(['text', 'character varying']);

export function valueColumns(
  route: TableRoute,
  shape: TargetShape,
  target: TableSchema,
): readonly ValueColumn[] {
  return route.columns.map((name, index): ValueColumn => {
    const source = route.source.columns.find((column) => column.name === name);
    const column = shape.columns[index];
    const declared = target.columns.find((candidate) => candidate.name === column?.name);
    if (source === undefined || column === undefined || declared === undefined) {
      throw new CdcError('COLUMN_UNKNOWN', `Table ${route.id} has no column ${name}`, {
        table: route.id,
        column: name,
      });
    }
    const found = valueColumn(index, source, column, declared);
    if (!route.key.includes(name) || declared.type.kind !== 'text') return found;
    return {
      ...found,
      fit: (value) => (meetsNumber(source.type, value) ? undefined : found.fit(value)),
    };
  });
}

function valueColumn(
  index: number,
  source: ColumnSchema,
  column: TargetColumn,
  declared: ColumnSchema,
): ValueColumn {
  const fit = fitFor(source, declared);
  const collation = column.collation === null ? '' : ` COLLATE ${column.collation}`;
  if (TYPED.has(column.baseType)) return { type: column.baseType, value: `s.c${index}`, fit };
  const type = `text${collation}`;
  if (TEXTS.has(column.baseType)) return { type, value: `s.c${index}`, fit };
  return { type, value: `CAST(s.c${index} AS ${column.baseType})`, fit };
}
