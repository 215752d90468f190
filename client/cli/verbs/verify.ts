/** `cdc verify NAME`: compares source and target row by row. */
import type { Command } from 'commander';
import type { CliContext } from '../context';
import { EXIT, VerbError } from '../outcome';
import { count, rate, verifyJson, verifyReport } from '../reports';
import { type Session, withSession } from '../session';
import { refuseOption } from './refused';

interface Options {
  readonly json?: true;
}

/** True when they are equal. */
export async function verify(session: Session, name: string, options: Options): Promise<boolean> {
  const { terminal } = session.context;
  const pipeline = await session.pipeline(name, 'read');
  const startedAt = Date.now();
  const comparison = await pipeline.verify({
    onProgress(rows) {
      const speed = rate(rows, Date.now() - startedAt);
      terminal.progress(`Comparing: ${count(rows)} rows${speed === null ? '' : `, ${speed}`}`);
    },
  });
  terminal.out(
    options.json === true
      ? JSON.stringify(verifyJson(name, comparison), null, 2)
      : verifyReport(name, comparison, terminal.paint),
  );
  return comparison.equal;
}

export function addVerifyVerb(program: Command, context: CliContext): void {
  const command = program
    .command('verify <name>')
    .description('compare source and target row by row; exact once writers rest')
    .option('--json', 'print JSON')
    .action((name: string, options: Options, self: Command) =>
      withSession(context, self, 'databases', async (session) => {
        if (!(await verify(session, name, options))) throw new VerbError(EXIT.failed, '');
      }),
    );
  refuseOption(command, '--repair', 'Run `cdc resync NAME TABLE` to copy a table again.');
}
