/** `cdc list`: all pipelines at a glance. */
import type { Command } from 'commander';
import type { PipelineSpec } from '../../../engine/model';
import type { CliContext } from '../context';
import { type JsonList, type ListedPipeline, listReport } from '../reports';
import { type Session, withSession } from '../session';

interface Options {
  readonly json?: true;
}

function configured({ name, source, target, mode }: PipelineSpec): ListedPipeline {
  return { pipeline: name, source, target, mode, state: 'not started', since: null, lastError: null };
}

export async function list(session: Session, options: Options): Promise<void> {
  const { terminal } = session.context;
  const running = await (await session.client()).list();
  const known = new Set(running.map(({ pipeline }) => pipeline));
  const rest = [...(session.config?.pipelines.values() ?? [])].filter(({ name }) => !known.has(name));
  const pipelines = [...running, ...rest.map(configured)].sort((a, b) => (a.pipeline < b.pipeline ? -1 : 1));
  const json: JsonList = { version: 1, pipelines };
  terminal.out(
    options.json === true ? JSON.stringify(json, null, 2) : listReport(pipelines, Date.now(), terminal.paint),
  );
}

export function addListVerb(program: Command, context: CliContext): void {
  program
    .command('list')
    .description('list the pipelines that Temporal knows of and those of the configuration')
    .option('--json', 'print JSON')
    .action((options: Options, command: Command) =>
      withSession(context, command, 'nothing', (session) => list(session, options)),
    );
}
