/** Settings of the server, the database and the role that change what replication can promise. */
import { fine, warning, type Diagnosis, type DiagnoseRequest } from '../../../model';
import { quote, type Session } from '../database';

/** Sessions that a worker opens at most for a pipeline, on its source and on its target, and some for the command line. */
const WANTED_CONNECTIONS = 12;

const SETTINGS = `SELECT current_setting('fsync'), current_setting('full_page_writes'), current_setting('wal_level'),
  coalesce((SELECT setting::int8 FROM pg_settings WHERE name = 'idle_session_timeout'), 0),
  coalesce((SELECT setting::int8 FROM pg_settings WHERE name = 'transaction_timeout'), 0),
  current_setting('max_connections')::int4 - current_setting('superuser_reserved_connections')::int4
    - (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
  CASE WHEN rolconnlimit < 0 THEN NULL ELSE rolconnlimit
    - (SELECT count(*) FROM pg_stat_activity WHERE usesysid = r.oid) END,
  CASE WHEN datconnlimit < 0 THEN NULL ELSE datconnlimit
    - (SELECT count(*) FROM pg_stat_activity WHERE datid = d.oid) END,
  current_user
FROM pg_roles r, pg_database d WHERE r.rolname = current_user AND d.datname = current_database()`;

export async function serverSettings(
  session: Session,
  { asSource, asTarget }: Pick<DiagnoseRequest, 'asSource' | 'asTarget'>,
): Promise<readonly Diagnosis[]> {
  const row = await session.first(SETTINGS);
  const [fsync, fullPages, walLevel, idleSession, transaction, ofServer, ofRole, ofDatabase, user] =
    row ?? [];
  const role = quote(user ?? '');
  const found: Diagnosis[] = [];
  if (fsync === 'off' || fullPages === 'off') {
    found.push(
      warning(
        'durability',
        `${fsync === 'off' ? 'fsync' : 'full_page_writes'} is off: after a power cut the server may have lost or damaged what it had committed${asTarget ? ', while the source has purged it' : ''}.`,
        `ALTER SYSTEM SET ${fsync === 'off' ? 'fsync' : 'full_page_writes'} = on; SELECT pg_reload_conf();`,
      ),
    );
  } else {
    found.push(fine('durability', 'What the server has committed survives a power cut.'));
  }
  if (asSource && walLevel === 'minimal') {
    found.push(
      warning(
        'wal_level',
        'wal_level is minimal: changes are ordered by the WAL, and this setting has not been tested for a source.',
        'ALTER SYSTEM SET wal_level = replica; and restart the server.',
      ),
    );
  }
  // Other time-outs of the role (statement_timeout, lock_timeout, idle_in_transaction_session_timeout) are set anew by
  // each session of ours.
  const timeouts = [
    ['idle_session_timeout', idleSession, 'ends connections that wait for work, which are then opened again'],
    ['transaction_timeout', transaction, 'ends a large chunk or a snapshot before it is done'],
  ] as const;
  for (const [name, value, what] of timeouts) {
    if (value === '0' || value === undefined || value === null) continue;
    found.push(
      warning(
        'time-outs',
        `${name} is set for this role: it ${what}.`,
        `ALTER ROLE ${role} SET ${name} = 0;`,
      ),
    );
  }
  found.push(room([ofServer, ofRole, ofDatabase]));
  return found;
}

function room(left: readonly (string | null | undefined)[]): Diagnosis {
  const known = left.flatMap((text) => (text === null || text === undefined ? [] : [Number(text)]));
  const least = Math.min(...known);
  return least < WANTED_CONNECTIONS
    ? warning(
        'connections',
        `Only ${Math.max(0, least)} more connections are allowed; a pipeline takes up to ${WANTED_CONNECTIONS} for a while.`,
        'Raise max_connections, or the CONNECTION LIMIT of the role or database.',
      )
    : fine('connections', `There is room for ${least} more connections.`);
}
