/**
 * Tables copied over old rows whose keys stand in another order here than in the source: decimals, intervals or enums
 * of a server are text here. There a range of the source is no range of the target. So the keys that were written are
 * kept in a table of ours, and after the last range whatever has another key is deleted. A worker may restart in
 * between, hence no TEMP table.
 */
import { createHash } from 'node:crypto';
import type { TableName, TableRoute } from '../../../model';
import { quote, quoteAll, rowValue } from '../database/identifiers';
import { hasTable } from '../database/objects';
import type { Session } from '../database/session';

import { comparedKey, KIND } from './staging';
import type { TargetShape } from './shape';

function sweepName(target: TableName): string {
  return `_cdc_sweep_${createHash('md5').update(target.name).digest('hex').slice(0, 16)}`;
}

/** Starts anew, at the first range. */
export function startSweep(session: Session, route: TableRoute): void {
  const columns = route.key.map((_, index) => `k${index}`).join(', ');
  dropSweep(session, route.target);
  session.run(
    `CREATE TABLE main.${quote(sweepName(route.target))} (${columns}, PRIMARY KEY (${columns})) WITHOUT ROWID`,
  );
}

/** Notes the keys of rows that the source has, as they are stored. Does nothing without a sweep. */
export function trackKeys(session: Session, route: TableRoute, shape: TargetShape, table: string): void {
  if (!hasTable(session, sweepName(route.target))) return;
  session.run(`INSERT OR IGNORE INTO main.${quote(sweepName(route.target))}
SELECT ${quoteAll(route.key)} FROM ${shape.table}
WHERE ${rowValue(route.key.map(quote))} IN (SELECT ${comparedKey(route).join(', ')} FROM ${table} WHERE kind IN (${KIND.upsert}, ${KIND.unfit}))`);
}

/** Deletes the target's rows whose keys were not noted, and forgets the keys. */
export function finishSweep(session: Session, route: TableRoute, shape: TargetShape): void {
  if (!hasTable(session, sweepName(route.target))) return;
  session.run(`DELETE FROM ${shape.table}
WHERE ${rowValue(route.key.map(quote))} NOT IN (SELECT * FROM main.${quote(sweepName(route.target))})`);
  dropSweep(session, route.target);
}

/** Forgets the keys of copies that will not be finished: their pipeline is removed. */
export function dropSweeps(session: Session, targets: readonly TableName[]): void {
  for (const target of targets) dropSweep(session, target);
}

function dropSweep(session: Session, target: TableName): void {
  session.run(`DROP TABLE IF EXISTS main.${quote(sweepName(target))}`);
}
