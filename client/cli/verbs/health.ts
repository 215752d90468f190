/** `cdc health NAME`: asks Temporal, the worker and both databases, and names what is wrong within 5 seconds. */
import type { Command } from 'commander';
import type { HealthCheck } from '../../../engine/model';
import { CdcClientError, type PipelineReport } from '../..';
import type { CliContext } from '../context';
import { EXIT, VerbError } from '../outcome';
import { type JsonHealth, counted, healthJson, healthReport } from '../reports';
import { type Session, withSession } from '../session';

interface Options {
  readonly json?: true;
}

/** Leaves half a second for starting and for closing. */
const ANSWER_WITHIN_MS = 4_300;

function check(
  name: string,
  state: HealthCheck['state'],
  message: string,
  hint: string | null = null,
): HealthCheck {
  return { name, state, message, hint };
}

/** An error as a failed check, with its own advice where it has any. */
function failedCheck(name: string, error: unknown): HealthCheck {
  if (!(error instanceof Error)) return check(name, 'failed', 'Unexpected failure.');
  const hint: unknown = Reflect.get(error, 'hint');
  return check(name, 'failed', error.message, typeof hint === 'string' ? hint : null);
}

function workerCheck(status: PipelineReport): HealthCheck {
  if (status.answeredBy === 'worker') return check('worker', 'ok', 'A worker answers.');
  return check(
    'worker',
    'failed',
    'No worker answers.',
    'Start one with `cdc worker` (or `cdc dev`), or look at the log of the one that should run.',
  );
}

function pipelineCheck(status: PipelineReport, now: number): HealthCheck {
  const { pipeline, state, lastError } = status;
  const name = 'pipeline';
  if (lastError !== null) {
    const { code, message, hint, attempts } = lastError;
    const often = attempts > 1 ? ` (${counted(attempts, 'attempt')})` : '';
    return check(name, 'failed', `It is ${state}${often}. ${code}: ${message}`, hint);
  }
  switch (state) {
    case 'running':
    case 'snapshotting':
    case 'completed':
      return check(name, 'ok', `It is ${state}, since ${new Date(status.startedAt).toISOString()}.`);
    case 'starting': {
      const late = now - status.startedAt > 30_000;
      return check(
        name,
        late ? 'failed' : 'ok',
        'It is being set up.',
        late ? 'Look at the log of the worker.' : null,
      );
    }
    case 'pausing':
      return check(
        name,
        'warning',
        'It is being paused; the target is not fenced yet.',
        'Try again in a moment.',
      );
    case 'paused':
      return check(name, 'warning', 'It is paused.', `\`cdc resume ${pipeline}\` goes on.`);
    case 'stopped':
      return check(name, 'failed', 'It is stopped.', `\`cdc start ${pipeline}\` goes on from where it was.`);
    case 'failing':
      return check(name, 'failed', 'It is failing.', `\`cdc status ${pipeline}\` tells more.`);
  }
}

function backlogChecks(status: PipelineReport): readonly HealthCheck[] {
  const { pipeline, backlog, suspended, overLimit } = status;
  if (suspended) {
    const hint = `\`cdc resync ${pipeline}\` copies the tables again.`;
    return [check('backlog', 'failed', 'Capture was stopped: the backlog passed maxBacklog.', hint)];
  }
  if (!overLimit) return [];
  const hint = 'See whether the target keeps up; raise maxBacklog if this is expected.';
  return [check('backlog', 'failed', `${counted(backlog, 'change')}: more than maxBacklog.`, hint)];
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
      return [reachable, workerCheck(status), pipelineCheck(status, Date.now()), ...backlogChecks(status)];
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
