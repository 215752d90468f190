/** `cdc status NAME`: state, lag, backlog, totals, last error and what to do. */
import type { Command } from 'commander';
import { type PipelineReport, setupText } from '../..';
import type { CliContext } from '../context';
import { statusReport } from '../reports';
import { type Session, withSession } from '../session';
import { namingPipelines } from './known-names';

interface Options {
  readonly json?: true;
}

export async function askStatus(session: Session, name: string): Promise<PipelineReport> {
  const client = await session.client();
  return namingPipelines(session, name, () => client.status(name));
}

export async function status(session: Session, name: string, options: Options): Promise<void> {
  const { terminal } = session.context;
  const found = await askStatus(session, name);
  if (options.json === true) {
    terminal.out(JSON.stringify(found, null, 2));
    return;
  }
  terminal.out(statusReport(found, Date.now(), terminal.paint));
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
