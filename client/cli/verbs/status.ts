/** `cdc status NAME`: state, lag, backlog, totals, last error and what to do. */
import type { Command } from 'commander';
import { CdcClientError, type PipelineReport, type ScheduleReport, setupText } from '../..';
import type { CliContext } from '../context';
import { type VerbError, failed } from '../outcome';
import { statusReport, time } from '../reports';
import { type Session, withSession } from '../session';
import { namingPipelines } from './known-names';

interface Options {
  readonly json?: true;
}

export async function askStatus(session: Session, name: string): Promise<PipelineReport> {
  const client = await session.client();
  return namingPipelines(session, name, async () => {
    try {
      return await client.status(name);
    } catch (error) {
      const missing = error instanceof CdcClientError && error.code === 'NOT_FOUND';
      const schedule = missing ? await client.schedules.show(name).catch(() => null) : null;
      throw schedule === null ? error : notYet(schedule);
    }
  });
}

/** On a schedule whose first run is still to come. */
function notYet({ pipeline, paused, nextRunAt }: ScheduleReport): VerbError {
  const next = paused
    ? 'and that is paused'
    : nextRunAt === null
      ? 'by which no run is due'
      : `and the first run is due at ${time(nextRunAt)}`;
  return failed(
    `Pipeline ${pipeline} has not run yet; it is on a schedule, ${next}.`,
    `\`cdc schedule ${pipeline} --now\` runs it now.`,
  );
}

export async function status(session: Session, name: string, options: Options): Promise<void> {
  const { terminal } = session.context;
  const found = await askStatus(session, name);
  if (options.json === true) {
    terminal.out(JSON.stringify(found, null, 2));
    return;
  }
  terminal.out(statusReport(found, Date.now(), terminal.paint, found.schedule));
  if (found.settingUp !== null) terminal.out(`\n  Setting up: ${setupText(found.settingUp)}.`);
  if (found.answeredBy === 'temporal') {
    terminal.say(
      `${terminal.sayPaint.yellow('No worker answered')}: these figures are as old as Temporal's own record. Start one with \`cdc worker\` (or \`cdc dev\`).`,
    );
  }
}

export function addStatusVerb(program: Command, context: CliContext): void {
  program
    .command('status <name>')
    .description('show how a pipeline stands: state, lag, backlog, totals by table, last error')
    .option('--json', 'print JSON')
    .action((name: string, options: Options, command: Command) =>
      withSession(context, command, 'nothing', (session) => status(session, name, options)),
    );
}
