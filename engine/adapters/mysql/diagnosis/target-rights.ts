/** What an account needs to write tables, and what tables have to be. */
import { displayName, fine, problem, warning, type Diagnosis, type TableName } from '../../../model';
import { OWN_PREFIX, quote, type Session } from '../database';
import { accountOf } from '../capture/server';
import { readGrants } from './grants';

const ON_TABLES = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] as const;
const ON_OWN = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'CREATE', 'DROP', 'ALTER'] as const;

export async function targetRights(
  session: Session,
  tables: readonly TableName[],
): Promise<readonly Diagnosis[]> {
  const existing = await readExisting(session);
  return [
    ...(await grants(session, tables, existing)),
    ...engines(tables, existing),
    ...(await triggers(session, tables)),
  ];
}

/** Engines of the database's tables by name. */
async function readExisting(session: Session): Promise<ReadonlyMap<string, string>> {
  const rows = await session.query(
    'SELECT TABLE_NAME, ENGINE FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?',
    [session.database],
  );
  return new Map(rows.map(([name, engine]): [string, string] => [String(name), String(engine)]));
}

async function grants(
  session: Session,
  tables: readonly TableName[],
  existing: ReadonlyMap<string, string>,
): Promise<readonly Diagnosis[]> {
  const account = await accountOf(session);
  const has = await readGrants(session, account);
  if (has === null) return [];
  const missing: Diagnosis[] = [];
  const say = (check: string, what: string, rights: readonly string[], database: string): void => {
    if (rights.length === 0) return;
    missing.push(
      problem(
        check,
        `The account lacks ${rights.join(', ')} on ${what}.`,
        `GRANT ${rights.join(', ')} ON ${quote(database)}.* TO ${account};`,
      ),
    );
  };
  for (const table of tables) {
    const needed = existing.has(table.name) ? ON_TABLES : (['CREATE', ...ON_TABLES] as const);
    const lacking = needed.filter((right) => !has(right, session.database, table.name));
    say('write rights', `table ${displayName(table)}`, lacking, session.database);
  }
  const lacking = ON_OWN.filter((right) => !has(right, session.ownDatabase, null));
  const what = `database ${session.ownDatabase}, which holds what temporal-cdc keeps here`;
  say('target objects', what, lacking, session.ownDatabase);
  return missing.length > 0
    ? missing
    : [fine('write rights', 'The account may make and write what it has to.')];
}

function engines(tables: readonly TableName[], existing: ReadonlyMap<string, string>): readonly Diagnosis[] {
  return tables.flatMap((table) => {
    const engine = existing.get(table.name) ?? 'InnoDB';
    if (engine.toUpperCase() === 'INNODB') return [];
    return [
      problem(
        'engine',
        `Table ${displayName(table)} is of the engine ${engine}: its rows can't commit together with the checkpoint.`,
        `ALTER TABLE ${quote(table.name)} ENGINE = InnoDB;`,
      ),
    ];
  });
}

async function triggers(session: Session, tables: readonly TableName[]): Promise<readonly Diagnosis[]> {
  const rows = await session.query(
    `SELECT DISTINCT EVENT_OBJECT_TABLE FROM information_schema.TRIGGERS
WHERE EVENT_OBJECT_SCHEMA = ? AND LEFT(TRIGGER_NAME, ${OWN_PREFIX.length}) <> '${OWN_PREFIX}'`,
    [session.database],
  );
  const firing = new Set(rows.map(([name]) => String(name)));
  return tables
    .filter(({ name }) => firing.has(name))
    .map((table) =>
      warning(
        'target triggers',
        `Table ${displayName(table)} has triggers, which fire on replicated rows: these servers can't switch them off.`,
        'Drop them, or make sure that they do no harm when a row is written again.',
      ),
    );
}
