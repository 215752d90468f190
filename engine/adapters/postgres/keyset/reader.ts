/** Reading by a column that grows, over the source's sessions. */
import type { ColumnSchema, KeysetReader } from '../../../model';
import { lifeOf } from '../capture/life';
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
      condition:
        'its time is not before the start of the transaction that writes it, as now() and clock_timestamp() are not',
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
    token: () =>
      sessions.use(async (session) => (await session.first('SELECT pg_current_snapshot()'))?.[0] ?? null),
  };
}

const NUMBERS: readonly ColumnSchema['type']['kind'][] = ['int', 'decimal', 'float'];

function presentSql({ name, type }: ColumnSchema): string {
  if (type.kind === 'bool') return `${quote(name)} IS NOT TRUE`;
  const unset = `${quote(name)} IS NULL`;
  return NUMBERS.includes(type.kind) ? `(${unset} OR ${quote(name)} = 0)` : unset;
}

/** A database made anew under its name has another number. */
async function identify(session: Session): Promise<string> {
  const row = await session.first('SELECT oid FROM pg_database WHERE datname = current_database()');
  return `postgres:${lifeOf(session).system}:${row?.[0] ?? ''}`;
}
