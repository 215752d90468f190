/** `cdc changes NAME TABLE`: the audit trail, with the values before and after. */
import { type Command, InvalidArgumentError } from 'commander';
import type { CliContext } from '../context';
import { changesJson, changesReport } from '../reports';
import { type Session, withSession } from '../session';

const DEFAULT_LIMIT = 100;
const HIGHEST_LIMIT = 100_000;

interface Options {
  readonly json?: true;
  readonly limit: number;
  readonly pending?: true;
  readonly newest?: true;
  readonly after?: string;
}

function parseLimit(text: string): number {
  const limit = /^\d+$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= HIGHEST_LIMIT) return limit;
  throw new InvalidArgumentError(`It must be a whole number from 1 to ${HIGHEST_LIMIT}.`);
}

export async function changes(
  session: Session,
  name: string,
  table: string,
  options: Options,
): Promise<void> {
  const { terminal } = session.context;
  const pipeline = await session.pipeline(name, 'read');
  const onlyPending = options.pending === true;
  const found = await pipeline.changes(table, {
    limit: options.limit,
    afterId: options.after ?? null,
    onlyPending,
    newest: options.newest === true,
  });
  const shown = { table, changes: found, more: found.length === options.limit, onlyPending };
  terminal.out(
    options.json === true
      ? JSON.stringify(changesJson(found), null, 2)
      : changesReport(shown, terminal.paint),
  );
}

const JSON_NOTE = `
With --json: a list of {version, id, op, key, before, after, changedAt, synced}; times are milliseconds since 1970,
integers beyond 2^53 are texts of digits, bytes are {"base64": "..."}.`;

export function addChangesVerb(program: Command, context: CliContext): void {
  program
    .command('changes <name> <table>')
    .description('show the captured changes of a source table, with the values before and after')
    .option('--json', 'print JSON')
    .option('--limit <count>', 'show at most this many', parseLimit, DEFAULT_LIMIT)
    .option('--newest', 'the newest ones instead of the oldest')
    .option('--pending', 'only those that are not applied yet')
    .option('--after <id>', 'only those with a greater id')
    .addHelpText('after', JSON_NOTE)
    .action((name: string, table: string, options: Options, command: Command) =>
      withSession(context, command, 'databases', (session) => changes(session, name, table, options)),
    );
}
