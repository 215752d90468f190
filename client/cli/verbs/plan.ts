/** `cdc plan NAME`: what setup would do, without doing it. */
import type { Command } from 'commander';
import type { CliContext } from '../context';
import { planJson, planReport } from '../reports';
import { type Session, withSession } from '../session';

interface Options {
  readonly json?: true;
}

export async function plan(session: Session, name: string, options: Options): Promise<void> {
  const { terminal } = session.context;
  const spec = session.spec(name);
  const pipeline = await session.pipeline(name, 'read');
  const found = await pipeline.plan(spec);
  terminal.out(
    options.json === true ? JSON.stringify(planJson(found), null, 2) : planReport(found, terminal.paint),
  );
}

export function addPlanVerb(program: Command, context: CliContext): void {
  program
    .command('plan <name>')
    .description('show what setup would do: tables, SQL, what to know; writes nothing')
    .option('--json', 'print JSON')
    .action((name: string, options: Options, command: Command) =>
      withSession(context, command, 'databases', (session) => plan(session, name, options)),
    );
}
