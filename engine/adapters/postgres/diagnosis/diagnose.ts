/** Looks at a server before anything goes wrong: one check after the other, each with what would mend it. */
import { toCdcError } from '../../../errors';
import { fine, problem, warning, type Diagnosis, type DiagnoseRequest } from '../../../model';
import { openSession, parseUrl, type Session } from '../database';
import { sourceRights } from './source-rights';
import { serverSettings } from './settings';
import { targetRights } from './target-rights';

/** Clocks further apart than this make lag and the times of changes misleading. */
const CLOCK_MS = 1_000;

/** Never throws: what can't be looked at is a finding. */
export async function diagnose(request: DiagnoseRequest): Promise<readonly Diagnosis[]> {
  let session: Session;
  try {
    session = await openSession(parseUrl(request.url), 'doctor');
  } catch (error) {
    return [failure('connection', error)];
  }
  try {
    const found: Diagnosis[] = [await connection(session)];
    const standby = await standbyCheck(session);
    found.push(standby);
    // Rights on a standby are those of its primary server; nothing can be written here.
    const looks: (readonly [string, () => Promise<readonly Diagnosis[]>])[] = [
      ['settings', () => serverSettings(session, request)],
      ['clock', async () => [await clockCheck(session, request.now)]],
    ];
    if (request.asSource) looks.push(['source rights', () => sourceRights(session, request.sourceTables)]);
    if (request.asTarget) looks.push(['target rights', () => targetRights(session, request.targetTables)]);
    for (const [check, look] of looks) {
      try {
        found.push(...(await look()));
      } catch (error) {
        found.push(failure(check, error));
      }
    }
    return found;
  } catch (error) {
    return [failure('connection', error)];
  } finally {
    await session.close();
  }
}

function failure(check: string, error: unknown): Diagnosis {
  const { code, message, hint } = toCdcError(error);
  return problem(check, `${code}: ${message}`, hint);
}

async function connection(session: Session): Promise<Diagnosis> {
  const row = await session.first(`SELECT current_user, current_setting('server_version')`);
  return fine(
    'connection',
    `Role ${row?.[0] ?? ''} connects to database ${session.database}; PostgreSQL ${row?.[1] ?? ''} is supported.`,
  );
}

async function standbyCheck(session: Session): Promise<Diagnosis> {
  const row = await session.first('SELECT pg_is_in_recovery()');
  return row?.[0] === 'f'
    ? fine('primary', 'The server takes writes.')
    : problem(
        'primary',
        'The server is a standby: it takes no writes, and what it shows as committed is not reliable for capture.',
        'Name the primary server in the URL of the connection.',
      );
}

async function clockCheck(session: Session, now: () => number): Promise<Diagnosis> {
  const before = now();
  const row = await session.first('SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::int8');
  const after = now();
  const there = Number(row?.[0]);
  // Within the time that the question took, nothing is known.
  const apart = there < before ? before - there : Math.max(0, there - after);
  const seconds = (apart / 1000).toFixed(1);
  return apart > CLOCK_MS
    ? warning(
        'clock',
        `The clock of the server is ${seconds} s ${there < before ? 'behind' : 'ahead of'} the one of this machine: lag is off by that much.`,
        'Let both follow a time server (NTP).',
      )
    : fine('clock', 'The clocks of the server and of this machine agree within a second.');
}
