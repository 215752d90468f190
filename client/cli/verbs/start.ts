/** `cdc start NAME`: starts a pipeline and tells what was set up. */
import type { Command } from 'commander';
import { type PipelineReport, setupText } from '../..';
import type { CliContext } from '../context';
import { counted, noticeLines, tableColumns } from '../reports';
import { type Session, withSession } from '../session';
import type { Paint } from '../terminal';

interface Options {
  readonly takeOver?: true;
}

function startedReport(status: PipelineReport, paint: Paint): string {
  const { pipeline, tables, source, target, transport, mode } = status;
  const copying = tables.filter(({ state }) => state === 'snapshotting').length;
  const doing = copying === 0 ? 'all replicating' : `${copying} being copied first`;
  const way = transport === null ? '' : `, rows travel by ${transport}`;
  const notices = noticeLines(status, paint);
  return [
    `${paint.green('Started')} ${paint.bold(pipeline)}: ${source} -> ${target}, ${mode}${way}.`,
    `${counted(tables.length, 'table')}, ${doing}.`,
    '',
    tableColumns(tables, paint),
    ...(notices.length === 0 ? [] : ['', ...notices]),
    '',
    'Next:',
    `  cdc wait ${pipeline} caught-up   ${paint.dim('until everything has arrived')}`,
    `  cdc status ${pipeline}           ${paint.dim('how it stands')}`,
  ].join('\n');
}

export async function start(session: Session, name: string, options: Options): Promise<void> {
  const { terminal } = session.context;
  const spec = session.spec(name);
  const client = await session.client();
  terminal.progress(`Setting up ${name} ...`);
  await client.start(spec, {
    takeOver: options.takeOver === true,
    onProgress: (progress) => terminal.progress(`Setting up ${name}: ${setupText(progress)} ...`),
  });
  terminal.say(startedReport(await client.status(name), terminal.sayPaint));
}

export function addStartVerb(program: Command, context: CliContext): void {
  program
    .command('start <name>')
    .description('start a pipeline of the configuration and wait until it is set up')
    .option('--take-over', 'adopt a pipeline whose former run is gone for good')
    .action((name: string, options: Options, command: Command) =>
      withSession(context, command, 'databases', (session) => start(session, name, options)),
    );
}
