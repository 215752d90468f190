/** `cdc wait NAME caught-up`: until all that was committed on the source before the command has been applied. */
import { Argument, type Command, InvalidArgumentError, Option } from 'commander';
import type { CopyProgress, Statistics } from '../../../engine/model';
import { parseDuration } from '../../../worker/config';
import type { CliContext } from '../context';
import { failed } from '../outcome';
import { copyText, count, counted, duration, rate } from '../reports';
import { type Session, withSession } from '../session';
import { watch } from '../watch';
import { untilFirstRun } from './first-run';

interface Options {
  /** Milliseconds. */
  readonly timeout: number;
  readonly json?: true;
}

/** An option's duration in milliseconds. */
export function parseTimeout(text: string): number {
  const milliseconds = parseDuration(text);
  if (milliseconds === null) throw new InvalidArgumentError('It must be a duration such as 10s, 5m or 1h.');
  return milliseconds;
}

/** The line that moves on a terminal. `copy`: as the worker last reported it; null where nobody did. */
function progressLine(
  first: Statistics,
  now: Statistics,
  elapsedMs: number,
  copy: CopyProgress | null,
): string {
  const copied = (statistics: Statistics): number =>
    statistics.tables.reduce((sum, table) => sum + table.snapshotRows, 0);
  const applied = ({ tables }: Statistics): number =>
    tables.reduce((sum, { inserted, updated, deleted }) => sum + inserted + updated + deleted, 0);
  const copying = now.tables.filter(({ state }) => state === 'snapshotting').length;
  if (copying > 0 && copy !== null) {
    return `Waiting: copying ${counted(copying, 'table')}, ${copyText(copy)}, backlog ${count(now.backlog)}`;
  }
  const done = copying > 0 ? copied(now) - copied(first) : applied(now) - applied(first);
  const speed = rate(done, elapsedMs);
  const parts = [
    ...(copying > 0 ? [`copying ${counted(copying, 'table')}, ${count(copied(now))} rows so far`] : []),
    `backlog ${count(now.backlog)}`,
    ...(speed === null ? [] : [speed]),
  ];
  return `Waiting: ${parts.join(', ')}`;
}

interface WaitOutcome {
  readonly caughtUp: boolean;
  readonly waitedMs: number;
}

export async function waitCaughtUp(session: Session, name: string, options: Options): Promise<WaitOutcome> {
  const { terminal } = session.context;
  const startedAt = Date.now();
  await untilFirstRun(session, name, startedAt + options.timeout);
  const pipeline = await session.pipeline(name, 'read');
  const waiting = new AbortController();
  let first: Statistics | null = null;
  let copy: CopyProgress | null = null;
  const watching = watch(session, name, waiting, {
    parked: true,
    until: startedAt + options.timeout,
    onLook: (status) => (copy = status.copy),
  });
  try {
    let caughtUp = await pipeline.waitCaughtUp({
      timeoutMs: Math.max(0, startedAt + options.timeout - Date.now()),
      signal: waiting.signal,
      ...(terminal.interactive && {
        onProgress(now: Statistics) {
          first ??= now;
          terminal.progress(progressLine(first, now, Date.now() - startedAt, copy));
        },
      }),
    });
    // A run that has just ended may have ended with everything applied.
    if (!caughtUp && waiting.signal.aborted) caughtUp = await pipeline.waitCaughtUp({ timeoutMs: 0 });
    const reason: unknown = waiting.signal.reason;
    if (!caughtUp && reason instanceof Error) throw reason;
    return { caughtUp, waitedMs: Date.now() - startedAt };
  } finally {
    if (!waiting.signal.aborted) waiting.abort();
    await watching;
    terminal.endProgress();
  }
}

export async function wait(session: Session, name: string, options: Options): Promise<void> {
  const { terminal } = session.context;
  const { caughtUp, waitedMs } = await waitCaughtUp(session, name, options);
  const pipeline = await session.pipeline(name, 'read');
  if (options.json === true || !caughtUp) {
    const { backlog, lagMs, tables } = await pipeline.statistics();
    if (options.json === true) {
      terminal.out(
        JSON.stringify({ version: 1, pipeline: name, caughtUp, waitedMs, backlog, lagMs }, null, 2),
      );
    }
    if (!caughtUp) {
      const copying = tables.filter(({ state }) => state === 'snapshotting').map(({ source }) => source);
      const more = copying.length === 0 ? '' : `; still being copied: ${copying.join(', ')}`;
      throw failed(
        `Not caught up within ${duration(options.timeout)}: ${counted(backlog, 'change')} wait, the oldest for ${duration(lagMs)}${more}.`,
        `\`cdc status ${name}\` and \`cdc health ${name}\` tell why; --timeout allows more time.`,
      );
    }
  }
  if (options.json !== true)
    terminal.say(`${terminal.sayPaint.green('Caught up')} after ${duration(waitedMs)}.`);
}

export function addWaitVerb(program: Command, context: CliContext): void {
  program
    .command('wait <name>')
    .addArgument(new Argument('<what>', 'what to wait for').choices(['caught-up']))
    .description('wait until all that was committed on the source before this command has been applied')
    .addOption(
      new Option('--timeout <duration>', 'give up after this long')
        .argParser(parseTimeout)
        .default(60_000, '60s'),
    )
    .option('--json', 'print JSON')
    .action((name: string, _what: string, options: Options, command: Command) =>
      withSession(context, command, 'databases', (session) => wait(session, name, options)),
    );
}
