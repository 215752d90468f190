/** What becomes of each column of a pipeline, before the first row is read. */
import { findNamed } from '../capture';
import type { CdcError } from '../errors';
import { columnsOfRoute, fidelityOf, isReducible, mergesSpellings, targetNameOf } from '../model';
import type { ColumnPlan, ColumnSchema, TableRoute } from '../model';

/** `there`: the columns of the target table, in any order and under its own names. */
export function columnPlans(
  route: TableRoute,
  there: readonly ColumnSchema[],
  sameFamily: boolean,
): readonly ColumnPlan[] {
  return columnsOfRoute(route).map((column): ColumnPlan => {
    const target = targetNameOf(route, column.name);
    const found = findNamed(there, ({ name }) => name, target);
    const at = { column: column.name, target, sourceType: column.declaredType };
    if (found === undefined) {
      return { ...at, targetType: '', fidelity: 'refused', reason: 'the target table has no such column' };
    }
    if (route.key.includes(column.name) && mergesSpellings(column.type, found.type)) {
      return { ...at, targetType: found.declaredType, fidelity: 'refused', reason: MERGED };
    }
    const isLossy = route.types?.[column.name]?.lossy === true;
    const { fidelity, reason } = fidelityOf(column, found, sameFamily);
    const isAltered = fidelity === 'checked' && isLossy && isReducible(found);
    return {
      ...at,
      targetType: found.declaredType,
      fidelity: isAltered ? 'lossy' : fidelity,
      reason: isAltered && reason !== null ? reason.replace('may not fit', ALTERED) : reason,
    };
  });
}

/** A text that is no number, say, can't be altered to be one. */
const ALTERED = 'altered to fit where that can be, else refused';

const MERGED = 'keys that are several texts of one value there would be one row';

/** All columns of a table that can't be made: one for want of a type, and the others have nowhere to be. */
export function refusedPlans(route: TableRoute, refusal: CdcError): readonly ColumnPlan[] {
  return columnsOfRoute(route)
    .filter(({ name }) => targetNameOf(route, name) === refusal.column)
    .map(({ name, declaredType }) => ({
      column: name,
      target: targetNameOf(route, name),
      sourceType: declaredType,
      targetType: '',
      fidelity: 'refused' as const,
      reason: refusal.message,
    }));
}
