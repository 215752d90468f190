/** The first look of a comparison of one table, in the way that suits its key. */
import { displayName } from '../model';
import type { TableRoute, TableSchema } from '../model';
import { haveCommonOrder } from './common-order';
import { compareInParts } from './compare-parts';
import { compareInRanges } from './compare-ranges';
import type { Compared, Sides } from './compare-ranges';

/** `targets`: the tables of the target, as they are. */
export function compareTable(
  sides: Sides,
  route: TableRoute,
  targets: readonly TableSchema[],
): AsyncGenerator<Compared> {
  const there = targets.find(({ name }) => displayName(name) === displayName(route.target));
  return haveCommonOrder(route, there, sides.alike)
    ? compareInRanges(sides, route)
    : compareInParts(sides, route);
}
