/** `cdc health NAME`: asks Temporal, the worker and both databases, and names what is wrong within 5 seconds. */
import type { Command } from 'commander';
import type { HealthCheck } from '../../../engine/model';
import { CdcClientError } from '../..';
import type { CliContext } from '../context';
import { EXIT, VerbError } from '../outcome';
import { type JsonHealth, healthJson, healthReport } from '../reports';
import { type Session, withSession } from '../session';
import { check, statusChecks } from './status-checks';

interface Options {
  readonly json?: true;
}

/** Leaves half a second for starting and for closing. */
const ANSWER_WITHIN_MS = 4_300;

/** An error as a failed check, with its own advice where it has any. */
function failedCheck(name: string, error: unknown): HealthCheck {
  if (!(error instanceof Error)) return check(name, 'failed', 'Unexpected failure.');
  const hint: unknown = Reflect.get(error, 'hint');
  return check(name, 'failed', error.message, typeof hint === 'string' ? hint : null);
}

async function steeringChecks(session: Session, name: string): Promise<readonly HealthCheck[]> {
  try {
    const client = await session.client();
    const reachable = check(
      'temporal',
      'ok',
      `Temporal answers at ${session.temporal().connection.address}.`,
    );
    try {
      const status = await client.status(name);
      return [reachable, ...statusChecks(status, Date.now())];
    } catch (error) {
      if (!(error instanceof CdcClientError) || error.code !== 'NOT_FOUND') throw error;
      return [
        reachable,
        check('pipeline', 'failed', 'It is not running.', `\`cdc start ${name}\` starts it.`),
      ];
    }
  } catch (error) {
    return [failedCheck('temporal', error)];
  }
}

async function databaseChecks(session: Session, name: string): Promise<readonly HealthCheck[]> {
  try {
    const pipeline = await session.pipeline(name, 'read');
    return (await pipeline.healthReport()).checks;
  } catch (error) {
    return [failedCheck('databases', error)];
  }
}

/** What did not answer in time is a finding of its own. */
async function inTime(
  name: string,
  work: Promise<readonly HealthCheck[]>,
  milliseconds: number,
): Promise<readonly HealthCheck[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<readonly HealthCheck[]>((done) => {
    const hint = 'Something holds it up: look for a lock, a stopped process, or a slow network.';
    timer = setTimeout(() => done([check(name, 'failed', 'No answer in time.', hint)]), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

export async function health(session: Session, name: string, options: Options): Promise<JsonHealth> {
  const { terminal } = session.context;
  session.spec(name);
  const [steering, databases] = await Promise.all([
    inTime('temporal', steeringChecks(session, name), ANSWER_WITHIN_MS),
    inTime('databases', databaseChecks(session, name), ANSWER_WITHIN_MS),
  ]);
  const found = healthJson(name, [...steering, ...databases]);
  terminal.out(options.json === true ? JSON.stringify(found, null, 2) : healthReport(found, terminal.paint));
  return found;
}

export function addHealthVerb(program: Command, context: CliContext): void {
  program
    .command('health <name>')
    .description('check Temporal, worker, source, target, lag; answers within 5 seconds')
    .option('--json', 'print JSON')
    .action((name: string, options: Options, command: Command) =>
      withSession(context, command, 'databases', async (session) => {
        const { healthy } = await health(session, name, options);
        if (!healthy) throw new VerbError(EXIT.failed, '');
      }),
    );
}
