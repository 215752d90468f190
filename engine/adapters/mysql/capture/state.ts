/** How captured tables look now, beside what is recorded of them. */
import { readOwnTables, type Session } from '../database';
import { readTables, type TableDetail } from '../schema/tables';
import type { References } from './cascades';
import { readIdentities } from './identity';
import type { Capture } from './registry';
import { readOwnTriggers, type OwnTrigger } from './triggers';

export interface SourceState {
  readonly captures: ReadonlyMap<string, Capture>;
  readonly details: ReadonlyMap<string, TableDetail>;
  readonly references: References;
  readonly triggers: ReadonlyMap<string, OwnTrigger>;
  /** By the name of a captured table: what `Capture.identity` would be now; absent where the server does not tell. */
  readonly identities: ReadonlyMap<string, string>;
  /** Names of the tables that are there in our own database, change tables among them. */
  readonly changeTables: ReadonlySet<string>;
}

/** Of a capture whose triggers are being made: it has a hole until that is done. */
export const BROKEN = '?';

/** `ownTables`: as `readOwnTables` has just read them. */
export async function readState(
  session: Session,
  captures: ReadonlyMap<string, Capture>,
  ownTables?: ReadonlySet<string>,
): Promise<SourceState> {
  const details = await readTables(session);
  return {
    captures,
    details,
    references: new Map(
      [...details].flatMap(([table, { found }]) =>
        found.foreignKeys.length === 0 ? [] : [[table, found.foreignKeys] as const],
      ),
    ),
    triggers: await readOwnTriggers(session),
    identities: await identitiesOf(session, [...captures.values()]),
    changeTables: ownTables ?? (await readOwnTables(session)),
  };
}

/** Of captures, by the name of their table. */
export async function identitiesOf(
  session: Session,
  captures: readonly Pick<Capture, 'table' | 'changeTable'>[],
): Promise<ReadonlyMap<string, string>> {
  const tables = captures.map(({ table }) => table);
  const changeTables = captures.map(({ changeTable }) => changeTable);
  const isOne = session.database === session.ownDatabase;
  const here = await readIdentities(session, session.database, isOne ? [...tables, ...changeTables] : tables);
  if (here.size === 0) return new Map();
  const there = isOne ? here : await readIdentities(session, session.ownDatabase, changeTables);
  return new Map(
    captures.map(({ table, changeTable }) => [
      table,
      `${here.get(table) ?? ''} ${there.get(changeTable) ?? ''}`,
    ]),
  );
}
