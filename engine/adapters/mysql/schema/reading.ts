/** How columns are read so that nothing is lost. */
import type { ColumnSchema } from '../../../model';
import { quote } from '../database';
import { exactText } from './exact-texts';
import { typedRead } from './types';

/** The expression that reads a column without loss, as `rows/values.ts` expects it. `column` is an SQL expression. */
export function readExpression(column: string, declared: string, collation: string | null): string {
  return typedRead(column, declared) ?? exactText(column, declared, collation) ?? column;
}

/** `readExpression` of a column by its name. `alias`: of the table. */
export function readColumn(
  alias: string,
  { name, declaredType, collation }: Pick<ColumnSchema, 'name' | 'declaredType' | 'collation'>,
): string {
  return readExpression(`${alias}.${quote(name)}`, declaredType, collation);
}
