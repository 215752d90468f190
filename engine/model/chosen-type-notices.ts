/** Types that were chosen for columns of a table that is there: its own stay, which a person should know. */
import type { PlanNotice, TableRoute } from './plan';
import { displayName } from './schema';
import type { LogicalType } from './types';

/** How a database speaks of types. */
export interface TypeWords {
  readonly describe: (declaredType: string) => { readonly type: LogicalType };
  /** The statement that gives a column a type; null where there is none. */
  readonly alter: (route: TableRoute, column: string, type: string) => string | null;
}

/** `there`: the columns of the target table. Both named as on the target. */
export function chosenTypeNotices(
  route: TableRoute,
  there: readonly { readonly name: string; readonly declaredType: string }[],
  { describe, alter }: TypeWords,
): readonly PlanNotice[] {
  return Object.entries(route.types ?? {}).flatMap(([name, { type }]) => {
    const found = there.find((column) => column.name.toLowerCase() === name.toLowerCase());
    if (type === null || found === undefined) return [];
    const [has, wanted] = [describe(found.declaredType).type, describe(type).type];
    if (JSON.stringify(has) === JSON.stringify(wanted)) return [];
    const statement = alter(route, found.name, type);
    const help =
      statement === null
        ? 'To change it, drop the table so that it is created'
        : `To change it: ${statement}`;
    return [
      {
        table: route.id,
        message: `Column ${found.name} of target table ${displayName(route.target)} is there already and stays ${found.declaredType || 'without a type'}, not ${type}. ${help}`,
      },
    ];
  });
}
