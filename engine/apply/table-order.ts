/** Parents before children, so that upserts can run forwards and deletes backwards. */
import { displayName } from '../model';
import type { TableRoute } from '../model';

/** Routes ordered by their source's foreign keys; tables in a cycle keep the order that they came in. */
export function orderByReferences(routes: readonly TableRoute[]): readonly TableRoute[] {
  const byId = new Map(routes.map((route) => [route.id, route]));
  const ordered: TableRoute[] = [];
  const seen = new Set<string>();
  const visit = (route: TableRoute): void => {
    if (seen.has(route.id)) return;
    seen.add(route.id);
    for (const reference of route.source.foreignKeys) {
      const parent = byId.get(displayName(reference.references));
      if (parent !== undefined) visit(parent);
    }
    ordered.push(route);
  };
  routes.forEach(visit);
  return ordered;
}
