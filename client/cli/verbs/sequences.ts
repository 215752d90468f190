/** `cdc sequences NAME`: takes the target's sequences beyond its rows, for an application that shall write there. */
import type { Command } from 'commander';
import type { CliContext } from '../context';
import { EXIT, VerbError } from '../outcome';
import { sequencesJson, sequencesReport, sequencesSound } from '../reports';
import { type Session, withSession } from '../session';

interface Options {
  readonly dryRun?: true;
  readonly json?: true;
}

/** True where every sequence is beyond its rows, or would be. */
export async function sequences(session: Session, name: string, options: Options): Promise<boolean> {
  const { terminal } = session.context;
  const dryRun = options.dryRun === true;
  const pipeline = await session.pipeline(name, dryRun ? 'read' : 'write');
  const report = await pipeline.sequences({ raise: !dryRun });
  terminal.out(
    options.json === true
      ? JSON.stringify(sequencesJson(name, dryRun, report), null, 2)
      : sequencesReport(name, dryRun, report, terminal.paint),
  );
  return sequencesSound(report);
}

const ABOUT = `
Replicated rows bring their numbers along and leave the target's sequences where they are. Before an application
writes into the target: let its writers on the source rest, \`cdc wait NAME caught-up\`, \`cdc stop NAME\`, then this.
It needs the target only, never lowers a sequence, and may be run at any time. With \`sequences: true\` in the
pipeline's configuration it also happens whenever the rows of a table have been copied.

Exits with 1 where a sequence may not be set or has no number left.

With --json: {version, pipeline, dryRun, sequences: [{sequence, usedBy: [{table, column}], state, next, former,
remedy}], without}; state is one of enough, behind (with --dry-run), raised, refused, exhausted.`;

export function addSequencesVerb(program: Command, context: CliContext): void {
  program
    .command('sequences <name>')
    .description("set the target's sequences beyond its rows, before an application writes there")
    .option('--dry-run', 'only tell how they stand')
    .option('--json', 'print JSON')
    .addHelpText('after', ABOUT)
    .action((name: string, options: Options, command: Command) =>
      withSession(context, command, 'databases', async (session) => {
        if (!(await sequences(session, name, options))) throw new VerbError(EXIT.failed, '');
      }),
    );
}
