/** Reading by a column that grows, over the source's sessions. */
import type { ColumnSchema, KeysetReader } from '../../../model';
import { quote, type Session, type Sessions } from '../database';
import { assess } from './assess';
import { checkRoutes } from './columns';
import { look, valueAt } from './look';
import { blindness } from './open';
import { copyRange, readPages } from './read';

export function keysetReader(sessions: Sessions): KeysetReader {
  return {
    identity: () => sessions.use(identify),
    sight: async () => ({
      blind: await sessions.use(blindness),
      condition: await sessions.use((session) => Promise.resolve(conditionOn(session))),
    }),
    assess: (column, allowScan) => sessions.use((session) => assess(session, column, allowScan)),
    check: (routes) => sessions.use((session) => checkRoutes(session, routes)),
    look: (columns) => sessions.use((session) => look(session, columns)),
    valueAt: (column, time) => sessions.use((session) => valueAt(session, column, time)),
    read: (ranges, limit, bytes = null) =>
      sessions.use((session) => readPages(session, ranges, limit, bytes)),
    copy: (range, bytes = null) => sessions.use((session) => copyRange(session, range, bytes)),
    presentSql,
    unsetSql: (column) => `${quote(column)} IS NULL`,
    // The servers tell nothing of the kind at less than reading takes.
    token: () => Promise.resolve(null),
  };
}

/** The status of MySQL leaves out transactions that have only read so far; MariaDB's has them. */
function conditionOn(session: Session): string {
  const statement = 'its time is not before the start of the statement that writes it';
  return session.variables.has('server_uuid')
    ? `${statement}, as CURRENT_TIMESTAMP is not; for times that a transaction takes earlier use \`lookback\``
    : `${statement}, or of the first one that its transaction ran on a table, as CURRENT_TIMESTAMP is not`;
}

const NUMBERS: readonly ColumnSchema['type']['kind'][] = ['bool', 'int', 'decimal', 'float'];

function presentSql({ name, type }: ColumnSchema): string {
  const unset = `${quote(name)} IS NULL`;
  return NUMBERS.includes(type.kind) ? `(${unset} OR ${quote(name)} = 0)` : unset;
}

/** MariaDB has no name of its own for a server: what its files and its port are tells some more than its number. */
async function identify(session: Session): Promise<string> {
  if (session.variables.has('server_uuid')) return `mysql:${session.server}/${session.database}`;
  const row = await session.first('SELECT @@port, @@datadir');
  return `mysql:${session.server} ${String(row?.[0])} ${String(row?.[1])}/${session.database}`;
}
