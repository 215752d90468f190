/** Looks at a server before anything goes wrong: one check after the other, each with what would mend it. */
import { toCdcError } from '../../../errors';
import { fine, problem, warning, type Diagnosis, type DiagnoseRequest } from '../../../model';
import { openSession, parseUrl, type Session } from '../database';
import { captureState } from './capture-state';
import { serverSettings } from './settings';
import { sourceRights } from './source-rights';
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
    const found: Diagnosis[] = [];
    const looks: (readonly [string, () => Promise<readonly Diagnosis[]>])[] = [
      ['connection', async () => [await connection(session)]],
      ['settings', () => serverSettings(session, request)],
      ['clock', async () => [await clockCheck(session, request.now)]],
    ];
    if (request.asSource) {
      looks.push(['source rights', () => sourceRights(session, request.sourceTables)]);
      looks.push(['capture', () => captureState(session, request.sourceTables)]);
    }
    if (request.asTarget) looks.push(['target rights', () => targetRights(session, request.targetTables)]);
    for (const [check, look] of looks) {
      try {
        found.push(...(await look()));
      } catch (error) {
        found.push(failure(check, error));
      }
    }
    return found;
  } finally {
    await session.close();
  }
}

function failure(check: string, error: unknown): Diagnosis {
  const { code, message, hint } = toCdcError(error);
  return problem(check, `${code}: ${message}`, hint);
}

async function connection(session: Session): Promise<Diagnosis> {
  const row = await session.first('SELECT CURRENT_USER()');
  return fine(
    'connection',
    `Account ${String(row?.[0])} connects to database ${session.database}; the server is ${session.version}.`,
  );
}

async function clockCheck(session: Session, now: () => number): Promise<Diagnosis> {
  const before = now();
  const row = await session.first('SELECT FLOOR(UNIX_TIMESTAMP(NOW(3)) * 1000)');
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
