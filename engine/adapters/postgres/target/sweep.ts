/**
 * Tables copied over old rows whose keys have no order that both databases share: text, above all. There a range of
 * the source is no range of the target. So the keys that were written are kept in a table of ours, and after the
 * last range whatever has another key is deleted. A worker may restart in between, hence no TEMP table.
 */
import { createHash } from 'node:crypto';
import { displayName } from '../../../model';
import { quote } from '../database/identifiers';
import { hasRelation, own } from '../database/objects';
import type { Session } from '../database/session';
import { KIND, stagedKey, type StagedRows, type StagedSet } from './staging';

function sweepName({ route }: StagedSet): string {
  return `sweep_${createHash('md5').update(displayName(route.target)).digest('hex').slice(0, 16)}`;
}

function sweepTable(set: StagedSet): string {
  return own(sweepName(set));
}

/** Starts anew, at the first range. */
export async function startSweep(session: Session, set: StagedSet): Promise<void> {
  const { key } = set.shape;
  const columns = key.map(
    ({ declaredType, collation }, index) =>
      `k${index} ${declaredType}${collation === null ? '' : ` COLLATE ${collation}`}`,
  );
  const names = key.map((_, index) => `k${index}`);
  await session.execute(`DROP TABLE IF EXISTS ${sweepTable(set)};
CREATE TABLE ${sweepTable(set)} (${columns.join(', ')}, PRIMARY KEY (${names.join(', ')}))`);
}

/** Notes the keys of staged rows as the source's. Does nothing where no sweep was started. */
export async function trackKeys(session: Session, set: StagedSet, { table }: StagedRows): Promise<void> {
  if (!(await hasRelation(session, sweepName(set)))) return;
  await session.execute(`INSERT INTO ${sweepTable(set)} SELECT ${stagedKey(set).join(', ')} FROM ${table} AS s
WHERE s.kind IN ('${KIND.upsert}', '${KIND.keep}') ON CONFLICT DO NOTHING`);
}

/** Deletes the target's rows whose keys were not noted, and forgets the keys. */
export async function finishSweep(session: Session, set: StagedSet): Promise<void> {
  if (!(await hasRelation(session, sweepName(set)))) return;
  const same = set.shape.key
    .map(({ name, equals }, index) => `w.k${index} ${equals} t.${quote(name)}`)
    .join(' AND ');
  await session.execute(`DELETE FROM ${set.shape.table} AS t
WHERE NOT EXISTS (SELECT 1 FROM ${sweepTable(set)} AS w WHERE ${same})`);
  await session.execute(`DROP TABLE ${sweepTable(set)}`);
}
