/** `cdc dead-letters list|show|retry|discard NAME`: rows that the target refused. Keys and values never pass Temporal. */
import type { Command } from 'commander';
import { CdcClientError } from '../..';
import type { CliContext } from '../context';
import { failed, wrongUse } from '../outcome';
import {
  counted,
  deadLettersJson,
  deadLettersReport,
  shownDeadLettersJson,
  shownDeadLettersReport,
} from '../reports';
import { type Session, withSession } from '../session';

interface LookOptions {
  readonly table?: string;
  readonly json?: true;
}

interface ChoiceOptions {
  readonly table?: string;
  readonly all?: true;
  readonly yes?: true;
}

/** `show`: with the values of the rows. */
async function look(
  session: Session,
  name: string,
  ids: readonly string[],
  options: LookOptions,
  show: boolean,
): Promise<void> {
  const { terminal } = session.context;
  const pipeline = await session.pipeline(name, 'read');
  const letters = await pipeline.deadLetters({
    table: options.table ?? null,
    ids: ids.length === 0 ? null : ids,
    values: show,
  });
  const json = show ? shownDeadLettersJson : deadLettersJson;
  const report = show ? shownDeadLettersReport : deadLettersReport;
  terminal.out(
    options.json === true
      ? JSON.stringify(json(name, letters), null, 2)
      : report(name, letters, terminal.paint),
  );
}

/** Which ones are meant; nothing is changed unless that is said. */
function choiceOf(ids: readonly string[], { table, all }: ChoiceOptions) {
  if (ids.length > 0 && all === true) throw wrongUse('Name dead letters or say --all, not both.');
  if (ids.length === 0 && all !== true && table === undefined) {
    throw wrongUse(
      'Say which dead letters: their ids, --table or --all.',
      '`cdc dead-letters list NAME` shows the ids.',
    );
  }
  return { table: table ?? null, ids: ids.length === 0 ? null : ids };
}

export async function retryLetters(
  session: Session,
  name: string,
  ids: readonly string[],
  options: ChoiceOptions,
): Promise<void> {
  const { terminal } = session.context;
  const choice = choiceOf(ids, options);
  const pipeline = await session.pipeline(name, 'write');
  const { count, tables } = await pipeline.retryDeadLetters(choice);
  if (count === 0) {
    terminal.say('There is no dead letter to retry.');
    return;
  }
  const marked = `${counted(count, 'dead letter')} of ${tables.join(', ')} marked for another try`;
  const told = await tell(session, name, marked);
  terminal.say(
    told
      ? `${marked}: the source's rows are read again. \`cdc dead-letters list ${name}\` shows what is left.`
      : `${marked}; ${name} is not running: it tries once it is started.`,
  );
}

/** False when the pipeline does not run: whoever starts it finds what was done. */
async function tell(session: Session, name: string, done: string): Promise<boolean> {
  try {
    const client = await session.client();
    await client.deadLettersChanged(name);
    return true;
  } catch (error) {
    if (!(error instanceof CdcClientError)) throw error;
    if (error.code === 'NOT_FOUND' || error.code === 'REFUSED') return false;
    throw failed(`${done}, but the pipeline could not be told: ${error.message}`, error.hint);
  }
}

export async function discardLetters(
  session: Session,
  name: string,
  ids: readonly string[],
  options: ChoiceOptions,
): Promise<void> {
  const { terminal, confirm } = session.context;
  const choice = choiceOf(ids, options);
  const found = await (await session.pipeline(name, 'read')).deadLetters({ ...choice, values: false });
  if (found.length === 0) {
    terminal.say('There is no dead letter to discard.');
    return;
  }
  const what = counted(found.length, 'dead letter');
  terminal.say(
    `The target keeps what it has under these keys, if anything, and differs from the source there until the rows ` +
      `change again or \`cdc resync ${name} TABLE\` copies their table.`,
  );
  if (options.yes !== true && !(await confirm(`Discard ${what} of ${name}?`))) {
    throw wrongUse('Nothing was discarded.', 'Answer y at a terminal, or say --yes.');
  }
  const pipeline = await session.pipeline(name, 'write');
  const { count } = await pipeline.discardDeadLetters({ ...choice, ids: found.map(({ id }) => id) });
  const discarded = `${counted(count, 'dead letter')} discarded`;
  await tell(session, name, discarded);
  terminal.say(`${discarded}.`);
}

const ABOUT = `
A dead letter is one row that the target refused, set aside with its key and values in the target's database while
all others go on (\`onError: deadLetter\`). It goes by itself when the row changes again and fits. A retry reads the
source's row again and makes the target equal for that key.

With --json: {version, pipeline, deadLetters: [{id, table, key, op, code, column, setAsideAt, attempts, retry}]}, and
\`row\` where values are shown; times are milliseconds since 1970, values are written as by \`cdc changes\`.`;

export function addDeadLettersVerb(program: Command, context: CliContext): void {
  const letters = program
    .command('dead-letters')
    .description('list, show, retry or discard the rows that the target refused')
    .addHelpText('after', ABOUT);
  letters
    .command('list <name>')
    .description('which rows are set aside, with their keys and causes')
    .option('--table <table>', 'only those of this source table')
    .option('--json', 'print JSON')
    .action((name: string, options: LookOptions, self: Command) =>
      withSession(context, self, 'databases', (session) => look(session, name, [], options, false)),
    );
  letters
    .command('show <name> [ids...]')
    .description('the same with their values; all, or those of some ids')
    .option('--table <table>', 'only those of this source table')
    .option('--json', 'print JSON')
    .action((name: string, ids: readonly string[], options: LookOptions, self: Command) =>
      withSession(context, self, 'databases', (session) => look(session, name, ids, options, true)),
    );
  for (const [verb, description, act] of [
    ['retry', 'read the rows of the source again, once the cause is mended', retryLetters],
    ['discard', 'forget them; the target keeps what it has', discardLetters],
  ] as const) {
    const command = letters
      .command(`${verb} <name> [ids...]`)
      .description(description)
      .option('--table <table>', 'those of this source table')
      .option('--all', 'all of them')
      .action((name: string, ids: readonly string[], options: ChoiceOptions, self: Command) =>
        withSession(context, self, 'databases', (session) => act(session, name, ids, options)),
      );
    if (verb === 'discard') command.option('--yes', 'do not ask');
  }
}
