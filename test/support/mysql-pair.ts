/** A captured database of MySQL or MariaDB with a target of any kind, which rows are moved to chunk by chunk. */
import { transferRows } from '../../engine/apply';
import { checkTargetTable, routeTable } from '../../engine/capture';
import { move } from '../../engine/contract/pair-scene';
import type { PlanNotice, Position, Source, TableRoute, Target } from '../../engine/model';

export interface Moving {
  /** Applies what is new, in chunks of this many changes. */
  readonly step: (limit: number) => Promise<void>;
  /** Copies all tables in ranges of this many rows; `replace`: rows that the source lacks are deleted. */
  readonly copy: (limit: number, replace: boolean) => Promise<void>;
  readonly notices: readonly PlanNotice[];
}

/** Makes the target's tables that are missing, checks the others, and moves on from there. Closes nothing. */
export async function moving(
  source: Source,
  target: Target,
  start: Position,
  captured: readonly TableRoute[],
): Promise<Moving> {
  const routes: TableRoute[] = [];
  for (const route of captured) routes.push({ ...route, target: await target.place(route.target) });
  await target.installObjects();
  const notices = await target.notices(routes, source.family);
  for (const route of routes) {
    const step = await target.planTable(route, source.family);
    if (step !== null) await target.createTables([step]);
    const table = (await target.tables()).find(({ name }) => name.name === route.target.name);
    if (table !== undefined) checkTargetTable(route, table, source.family === target.family);
  }
  const pair = { source, target, routes, transfer: transferRows(source, target) };
  let from = start;
  return {
    notices,
    async step(limit) {
      from = (await move(pair, { from, limit })).to;
    },
    async copy(limit, replace) {
      from = (await move(pair, { from, limit: 100, snapshot: { routes, limit, replace } })).to;
    },
  };
}

/** Captures all tables that can be captured. */
export async function capture(
  source: Source,
  sameFamily: boolean,
): Promise<{ readonly start: Position; readonly routes: readonly TableRoute[] }> {
  const tables = (await source.tables()).filter(({ key }) => key !== null);
  const { position } = await source.install(tables, { uuid: 'test', name: 'test', now: 0, reset: false });
  return {
    start: position,
    routes: tables.map((table) => routeTable(table, { to: null, columns: null }, sameFamily)),
  };
}
