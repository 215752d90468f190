/** `cdc verify NAME`: compares source and target row by row; `--repair` mends what differs. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { CdcClientError } from '../..';
import type { Comparison, RowDifference } from '../../../engine/model';
import type { CliContext } from '../context';
import { EXIT, VerbError, failed, wrongUse } from '../outcome';
import {
  count,
  counted,
  differenceJson,
  differencesOf,
  rate,
  repairedComparison,
  verifyJson,
  verifyReport,
} from '../reports';
import type { VerifyShown } from '../reports';
import { type Session, withSession } from '../session';
import { watch } from '../watch';
import { parseTimeout } from './wait';

interface Options {
  readonly json?: true;
  readonly limit?: number;
  /** Milliseconds. */
  readonly timeout?: number;
  readonly output?: string;
  readonly showValues?: true;
  readonly repair?: true;
}

const TIMEOUT_MS = 60_000;
const LISTED = 20;

/** More than these are a matter for a new copy. */
const MOST_REPAIRS = 100_000;

/** Each is a commit of its own, beside all that is written meanwhile. */
const REPAIR_MS = 100;

/** True when they are equal, after the repair where one was asked for. */
export async function verify(session: Session, name: string, options: Options): Promise<boolean> {
  const { terminal } = session.context;
  const file = options.output === undefined ? null : openOutput(options.output);
  const showValues = options.showValues === true;
  const waiting = new AbortController();
  const watching: Promise<void>[] = [];
  const work: Work = {
    session,
    name,
    options,
    waiting: {
      timeoutMs: options.timeout ?? TIMEOUT_MS,
      waitSignal: waiting.signal,
      onWait() {
        if (watching.length === 0)
          watching.push(watch(session, name, waiting, { parked: false, until: null }));
      },
    },
  };
  try {
    const found: RowDifference[] = [];
    const comparison = await compare(work, (difference) => {
      file?.write(JSON.stringify(differenceJson(difference, showValues)));
      if (options.repair !== true) return;
      if (found.length === MOST_REPAIRS) throw tooMany(name);
      found.push({ ...difference, source: null, target: null });
    });
    const shown: VerifyShown =
      options.repair === true ? await repair(work, comparison, found) : { comparison, repaired: null };
    terminal.out(
      options.json === true
        ? JSON.stringify(verifyJson(name, shown, showValues), null, 2)
        : verifyReport(name, shown, { paint: terminal.paint, showValues }),
    );
    return shown.comparison.equal;
  } finally {
    file?.close();
    if (!waiting.signal.aborted) waiting.abort();
    await Promise.all(watching);
    terminal.endProgress();
  }
}

interface Work {
  readonly session: Session;
  readonly name: string;
  readonly options: Options;
  readonly waiting: {
    readonly timeoutMs: number;
    readonly waitSignal: AbortSignal;
    readonly onWait: () => void;
  };
}

async function compare(
  { session, name, options, waiting }: Work,
  onDifference: (difference: RowDifference) => void,
): Promise<Comparison> {
  const { terminal } = session.context;
  const pipeline = await session.pipeline(name, 'read');
  const startedAt = Date.now();
  return pipeline.verify({
    ...waiting,
    onDelete: session.spec(name).settings.onDelete,
    limit: options.limit ?? LISTED,
    onDifference,
    onProgress(rows) {
      const speed = rate(rows, Date.now() - startedAt);
      terminal.progress(`Comparing: ${count(rows)} rows${speed === null ? '' : `, ${speed}`}`);
    },
  });
}

/** Marks what differs for the worker, waits until it is mended, and compares these keys again. */
async function repair(
  { session, name, options, waiting }: Work,
  comparison: Comparison,
  found: readonly RowDifference[],
): Promise<VerifyShown> {
  const { terminal } = session.context;
  const settled = new Set(comparison.tables.filter((table) => table.settled).map(({ source }) => source));
  // Elsewhere what differs may only be on its way.
  const keys = found.filter(({ table }) => settled.has(table));
  if (keys.length === 0) return { comparison, repaired: null };
  const what = counted(keys.length, 'row');
  await (await session.pipeline(name, 'write')).repair(keys);
  await tell(session, name, what);
  terminal.progress(`Repairing: ${what}`);
  waiting.onWait();
  const pipeline = await session.pipeline(name, 'read');
  const { done, refused } = await pipeline.waitRepaired({
    timeoutMs: waiting.timeoutMs + keys.length * REPAIR_MS,
    signal: waiting.waitSignal,
  });
  if (!done) throw notMended(name, what, waiting.waitSignal);
  const { onDelete } = session.spec(name).settings;
  const again = await pipeline.verify({ ...waiting, onDelete, limit: options.limit ?? LISTED, keys });
  const rows = keys.length - differencesOf(again);
  return { comparison: repairedComparison(comparison, again), repaired: { rows, refused } };
}

async function tell(session: Session, name: string, what: string): Promise<void> {
  try {
    const client = await session.client();
    await client.deadLettersChanged(name);
  } catch (error) {
    if (!(error instanceof CdcClientError)) throw error;
    if (error.code === 'NOT_FOUND' || error.code === 'REFUSED') {
      throw failed(
        `${what} marked for repair, but ${name} is not running.`,
        `They are mended once it is: \`cdc start ${name}\`.`,
      );
    }
    throw failed(
      `${what} marked for repair, but the pipeline could not be told: ${error.message}`,
      error.hint,
    );
  }
}

function notMended(name: string, what: string, signal: AbortSignal): VerbError {
  const reason: unknown = signal.aborted ? signal.reason : null;
  const hint = `They stay marked, and are mended when ${name} goes on; then verify again.`;
  if (reason instanceof VerbError) return failed(`${what} marked for repair. ${reason.message}`, hint);
  return failed(`${what} marked for repair, and not all of them were mended in time.`, hint);
}

function tooMany(name: string): VerbError {
  return failed(
    `More than ${count(MOST_REPAIRS)} rows differ: nothing was repaired.`,
    `\`cdc resync ${name} TABLE\` copies a table again, which is faster.`,
  );
}

interface Output {
  write(line: string): void;
  close(): void;
}

function openOutput(path: string): Output {
  let file: number;
  try {
    file = openSync(path, 'w');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw wrongUse(`The file of --output can't be written (${code}): ${path}`);
  }
  return {
    write: (line) => {
      writeSync(file, `${line}\n`);
    },
    close: () => {
      closeSync(file);
    },
  };
}

function parseLimit(text: string): number {
  const limit = Number(text);
  if (!/^\d+$/.test(text) || limit > 100_000) {
    throw new InvalidArgumentError('It must be a whole number from 0 to 100000; --output writes all.');
  }
  return limit;
}

const ABOUT = `
What differs is looked at again once the pipeline has applied all that was written before, so that changes on their way
are not reported. Where the pipeline does not go on (paused, stopped, a parked table), the report says so, and is not
exact. Rows that change at each look are counted as unsettled: run it again for them.

Where rows that are deleted on the source are kept (onDelete: keep in cdc.yaml), rows that only the target has are
counted as kept: they are no differences, and no repair deletes them.

--repair needs the running pipeline: it reads the source's rows of these keys again, and makes the target equal with
the checkpoint, never over a newer change. Then these keys are compared again.

With --json: {version, pipeline, equal, exact, inexactBecause, tables: [{source, target, sourceRows, targetRows,
missing, extra, different, unsettled, kept, settled, deadLetters}], differences: [{table, kind, key, columns}],
differencesOmitted}; with --repair also \`repaired\` ({rows, refused: [{table, key, code, column}]}), and the counts
are those after it. A line of --output is one of \`differences\`, as they were before a repair.
With --show-values each has \`source\` and \`target\`, values as \`cdc changes\` writes them.`;

export function addVerifyVerb(program: Command, context: CliContext): void {
  program
    .command('verify <name>')
    .description('compare source and target row by row, while writes go on; mend what differs')
    .option('--repair', 'make the rows of the target that differ what they are on the source')
    .option('--show-values', 'show the values that differ, not only the keys')
    .addOption(
      new Option('--limit <rows>', 'list so many of the rows that differ')
        .argParser(parseLimit)
        .default(LISTED),
    )
    .option('--output <file>', 'write all rows that differ to a file, as JSON lines')
    .addOption(
      new Option('--timeout <duration>', 'wait so long for the pipeline, each time')
        .argParser(parseTimeout)
        .default(TIMEOUT_MS, '60s'),
    )
    .option('--json', 'print JSON')
    .addHelpText('after', ABOUT)
    .action((name: string, options: Options, self: Command) =>
      withSession(context, self, 'databases', async (session) => {
        if (!(await verify(session, name, options))) throw new VerbError(EXIT.failed, '');
      }),
    );
}
