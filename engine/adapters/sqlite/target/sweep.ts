/**
 * Tables copied over old rows whose keys stand in another order here than in the source: decimals, intervals or enums
 * of a server are text here. There a range of the source is no range of the target. So the keys that were written are
 * kept in a table of ours, and after the last range whatever has another key is deleted. A worker may restart in
 * between, hence no TEMP table.
 */
import { createHash } from 'node:crypto';
import type { TableRoute } from '../../../model';
import { quote, quoteAll, rowValue } from '../database/identifiers';
import { hasTable } from '../database/objects';
import type { Session } from '../database/session';

import { KIND, stagedKey } from './staging';
import type { TargetShape } from './shape';

function sweepName({ target }: TableRoute): string {
  return `_cdc_sweep_${createHash('md5').update(target.name).digest('hex').slice(0, 16)}`;
}

/** Starts anew, at the first range. */
export function startSweep(session: Session, route: TableRoute): void {
  const columns = route.key.map((_, index) => `k${index}`).join(', ');
  dropSweep(session, route);
  session.run(
    `CREATE TABLE main.${quote(sweepName(route))} (${columns}, PRIMARY KEY (${columns})) WITHOUT ROWID`,
  );
}

/** Notes the keys of rows that were written as the source's, as they are stored. Does nothing without a sweep. */
export function trackKeys(session: Session, route: TableRoute, shape: TargetShape, table: string): void {
  if (!hasTable(session, sweepName(route))) return;
  session.run(`INSERT OR IGNORE INTO main.${quote(sweepName(route))}
SELECT ${quoteAll(route.key)} FROM ${shape.table}
WHERE ${rowValue(route.key.map(quote))} IN (SELECT ${stagedKey(route).join(', ')} FROM ${table} WHERE kind = ${KIND.upsert})`);
}

/** Deletes the target's rows whose keys were not noted, and forgets the keys. */
export function finishSweep(session: Session, route: TableRoute, shape: TargetShape): void {
  if (!hasTable(session, sweepName(route))) return;
  session.run(`DELETE FROM ${shape.table}
WHERE ${rowValue(route.key.map(quote))} NOT IN (SELECT * FROM main.${quote(sweepName(route))})`);
  dropSweep(session, route);
}

function dropSweep(session: Session, route: TableRoute): void {
  session.run(`DROP TABLE IF EXISTS main.${quote(sweepName(route))}`);
}
