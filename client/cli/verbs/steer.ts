/** `cdc pause`, `resume`, `stop`, `resync`: what is asked of a running pipeline. */
import type { Command } from 'commander';
import { CdcClientError, type PipelineState } from '../..';
import type { CliContext } from '../context';
import { wrongUse } from '../outcome';
import { counted, paintState } from '../reports';
import { type Session, withSession } from '../session';
import { namingPipelines } from './known-names';

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

interface ResumeOptions {
  readonly table?: string;
  readonly acceptFailover?: boolean;
}

export async function resume(
  session: Session,
  name: string,
  { table, acceptFailover }: ResumeOptions = {},
): Promise<void> {
  if (table !== undefined && acceptFailover === true) {
    throw wrongUse('--table and --accept-failover do not go together', 'Accept the failover first.');
  }
  if (table !== undefined) return resumeTable(session, name, table);
  if (acceptFailover === true) return resumeAfterFailover(session, name);
  const client = await session.client();
  const { state } = await namingPipelines(session, name, () => client.resume(name));
  tell(session, name, state, `\`cdc wait ${name} caught-up\` waits for what has gathered.`);
}

/** Positions are carried over to the server that the source is now on. */
async function resumeAfterFailover(session: Session, name: string): Promise<void> {
  const client = await session.client();
  const { state, accepted } = await namingPipelines(session, name, () => client.acceptFailover(name));
  if (!accepted) {
    session.context.terminal.say(`The source of ${name} is the same as before: there is nothing to accept.`);
    return;
  }
  tell(session, name, state, `It goes on from where it was; \`cdc verify ${name}\` compares both sides.`);
}

/** One parked table, and those that were parked with it. */
async function resumeTable(session: Session, name: string, table: string): Promise<void> {
  const client = await session.client();
  const { state, tables } = await namingTables(() =>
    namingPipelines(session, name, () => client.resumeTable(name, table)),
  );
  const [first] = tables;
  if (first === undefined) {
    session.context.terminal.say(`Table ${table} of ${name} is not parked: there is nothing to resume.`);
    return;
  }
  const others = tables.length === 1 ? '' : ` and ${counted(tables.length - 1, 'table')} parked with it`;
  tell(session, name, state, `${first}${others} catches up: \`cdc status ${name}\` shows how it goes.`);
}

/** A table that the pipeline does not have is the caller's mistake. */
async function namingTables<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CdcClientError) || error.code !== 'TABLE_NOT_IN_PIPELINE') throw error;
    throw wrongUse(error.message, error.hint);
  }
}

export async function stop(session: Session, name: string): Promise<void> {
  const client = await session.client();
  const { state } = await namingPipelines(session, name, () => client.stop(name));
  tell(
    session,
    name,
    state,
    `\`cdc start ${name}\` goes on from here; what captures stays on the source until \`cdc teardown ${name}\`.`,
  );
}

export async function resync(session: Session, name: string, table: string | undefined): Promise<void> {
  const client = await session.client();
  const { state, tables } = await namingTables(() =>
    namingPipelines(session, name, () => client.resync(name, table)),
  );
  const what = tables.length === 1 ? (tables[0] ?? '') : counted(tables.length, 'table');
  tell(session, name, state, `Copying again: ${what}.`);
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
      .action((name: string, options: ResumeOptions, self: Command) =>
        withSession(context, self, 'nothing', (session) => act(session, name, options)),
      );
    if (verb === 'resume') {
      command.option('--table <table>', 'a parked table (source name): catch up and rejoin the others');
      command.option('--accept-failover', 'go on with a promoted or upgraded source that has lost nothing');
    }
  }
  program
    .command('resync <name> [table]')
    .description('copy one table (source name), or all of them, again')
    .action((name: string, table: string | undefined, _options: unknown, self: Command) =>
      withSession(context, self, 'nothing', (session) => resync(session, name, table)),
    );
}
