/** How columns are read so that nothing is lost. */
import type { ColumnSchema } from '../../../model';
import { quote } from '../database';
import { exactText } from './exact-texts';
import { isReadAsHex, nativeName } from './types';

/** The expression that reads a column without loss, as `rows/values.ts` expects it. `column` is an SQL expression. */
export function readExpression(column: string, declared: string, collation: string | null): string {
  const native = nativeName(declared);
  if (isReadAsHex(native)) return `HEX(${column})`;
  switch (native) {
    // As text it has six digits; as a double all of them. Plus 0, -0 would lose its sign.
    case 'float':
      return `${column} - 0e0`;
    // Where it has a number of digits after the point, those are all that is shown.
    case 'double':
      return declared.includes('(') ? `${column} - 0e0` : column;
    case 'bit':
      return `${column} + 0`;
    // Else it comes with leading zeros.
    case 'decimal':
      return declared.includes('zerofill') ? `${column} + 0` : column;
    default:
      return exactText(column, declared, collation) ?? column;
  }
}

/** `readExpression` of a column by its name. `alias`: of the table. */
export function readColumn(
  alias: string,
  { name, declaredType, collation }: Pick<ColumnSchema, 'name' | 'declaredType' | 'collation'>,
): string {
  return readExpression(`${alias}.${quote(name)}`, declaredType, collation);
}
