/** `cdc teardown NAME`: removes triggers, change tables and checkpoint; the rows stay. */
import type { Command } from 'commander';
import { CdcClientError } from '../..';
import type { CliContext } from '../context';
import { failed, wrongUse } from '../outcome';
import { type Session, withSession } from '../session';

interface Options {
  readonly yes?: true;
  readonly force?: true;
  readonly sourceOnly?: true;
}

/** The next run would set up anew what is removed. */
async function refuseScheduled(session: Session, name: string): Promise<void> {
  const client = await session.client();
  try {
    await client.schedules.show(name);
  } catch (error) {
    if (error instanceof CdcClientError && error.code === 'NOT_FOUND') return;
    throw error;
  }
  throw failed(
    `Pipeline ${name} is on a schedule, whose next run would set it up again.`,
    `Run \`cdc schedule ${name} --remove\` first.`,
  );
}

/** A pipeline that runs would go on writing, and fail on what is gone. */
async function refuseRunning(session: Session, name: string): Promise<void> {
  const client = await session.client();
  try {
    const { state } = await client.status(name);
    if (state === 'stopped' || state === 'completed') return;
    throw failed(
      `Pipeline ${name} is ${state}; only a stopped one is torn down.`,
      `Run \`cdc stop ${name}\` first.`,
    );
  } catch (error) {
    if (!(error instanceof CdcClientError) || error.code !== 'NOT_FOUND') throw error;
  }
}

export async function teardown(session: Session, name: string, options: Options): Promise<void> {
  const { terminal } = session.context;
  const { source, target } = session.spec(name);
  if (options.force !== true) {
    try {
      await refuseScheduled(session, name);
      await refuseRunning(session, name);
    } catch (error) {
      if (!(error instanceof CdcClientError) || error.code !== 'UNREACHABLE') throw error;
      throw failed(
        `${error.message}: whether ${name} still runs cannot be told.`,
        'Start the server, or use --force if you know that no worker runs this pipeline.',
      );
    }
  }
  const sourceOnly = options.sourceOnly === true;
  if (options.yes !== true) {
    const what = sourceOnly
      ? `what ${name} has left on ${source} for a target that is lost`
      : `the triggers and changes of ${name} from ${source}, and its checkpoint from ${target}`;
    const question = `Remove ${what}? The rows stay.`;
    if (!(await session.context.confirm(question))) {
      throw wrongUse('Nothing was removed.', 'Answer y at a terminal, or say --yes.');
    }
  }
  const pipeline = await session.pipeline(name, 'write');
  await pipeline.teardown({ sourceOnly });
  const shown = terminal.sayPaint.bold(name);
  terminal.say(
    sourceOnly
      ? `What ${shown} had left on ${source} for a lost target is removed.`
      : `${shown} is torn down: nothing of it is left on ${source} and ${target} but the rows.`,
  );
}

export function addTeardownVerb(program: Command, context: CliContext): void {
  program
    .command('teardown <name>')
    .description('remove the triggers, change tables and checkpoint of a stopped pipeline; the rows stay')
    .option('--yes', 'do not ask')
    .option('--force', 'do not ask Temporal whether it still runs')
    .option('--source-only', 'a target is lost: remove what this name has left on the source for it')
    .action((name: string, options: Options, command: Command) =>
      withSession(context, command, 'databases', (session) => teardown(session, name, options)),
    );
}
