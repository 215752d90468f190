/** `cdc pause`, `resume`, `stop`, `resync`: what is asked of a running pipeline. */
import type { Command } from 'commander';
import { CdcClientError, type PipelineState } from '../..';
import type { CliContext } from '../context';
import { wrongUse } from '../outcome';
import { counted, paintState } from '../reports';
import { type Session, withSession } from '../session';
import { namingPipelines } from './known-names';
import { refuseOption } from './refused';

function tell(session: Session, name: string, state: PipelineState, more: string): void {
  const { terminal } = session.context;
  terminal.say(`${terminal.sayPaint.bold(name)} is ${paintState(state, terminal.sayPaint)}. ${more}`);
}

export async function pause(session: Session, name: string): Promise<void> {
  const client = await session.client();
  const { state } = await namingPipelines(session, name, () => client.pause(name));
  tell(
    session,
    name,
    state,
    `Nothing is applied until \`cdc resume ${name}\`; changes are kept on the source.`,
  );
}

export async function resume(session: Session, name: string): Promise<void> {
  const client = await session.client();
  const { state } = await namingPipelines(session, name, () => client.resume(name));
  tell(session, name, state, `\`cdc wait ${name} caught-up\` waits for what has gathered.`);
}

export async function stop(session: Session, name: string): Promise<void> {
  const client = await session.client();
  const { state } = await namingPipelines(session, name, () => client.stop(name));
  tell(
    session,
    name,
    state,
    `\`cdc start ${name}\` goes on from here; the source keeps capturing until \`cdc teardown ${name}\`.`,
  );
}

export async function resync(session: Session, name: string, table: string | undefined): Promise<void> {
  const client = await session.client();
  try {
    const { state, tables } = await namingPipelines(session, name, () => client.resync(name, table));
    const what = tables.length === 1 ? (tables[0] ?? '') : counted(tables.length, 'table');
    tell(session, name, state, `Copying again: ${what}.`);
  } catch (error) {
    if (!(error instanceof CdcClientError) || error.code !== 'TABLE_NOT_IN_PIPELINE') throw error;
    throw wrongUse(error.message, error.hint);
  }
}

export function addSteeringVerbs(program: Command, context: CliContext): void {
  const verbs = [
    ['pause', 'stop applying; when it returns nothing is applied any more', pause],
    ['resume', 'go on after a pause, or make a failing pipeline try at once', resume],
    ['stop', 'end the pipeline for now; it may be started again and goes on from there', stop],
  ] as const;
  for (const [verb, description, act] of verbs) {
    const command = program
      .command(`${verb} <name>`)
      .description(description)
      .action((name: string, _options: unknown, self: Command) =>
        withSession(context, self, 'nothing', (session) => act(session, name)),
      );
    if (verb === 'resume') {
      refuseOption(command, '--table <table>', 'Run `cdc resync NAME TABLE` to bring a parked table back.');
      refuseOption(command, '--accept-failover', 'There is nothing to fail over on SQLite.');
    }
  }
  program
    .command('resync <name> [table]')
    .description('copy one table (source name), or all of them, again')
    .action((name: string, table: string | undefined, _options: unknown, self: Command) =>
      withSession(context, self, 'nothing', (session) => resync(session, name, table)),
    );
}
