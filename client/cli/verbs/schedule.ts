/** `cdc schedule NAME` and `cdc schedule list`: batch pipelines that run by the clock. */
import type { Command } from 'commander';
import { CdcClientError, type ScheduleReport, type ScheduleTiming } from '../..';
import { didYouMean, parseTiming } from '../../../worker/config';
import type { CliContext } from '../context';
import { type VerbError, wrongUse } from '../outcome';
import { type JsonSchedules, scheduleReport, schedulesReport } from '../reports';
import { type Session, withSession } from '../session';

interface Options {
  readonly cron?: string;
  readonly every?: string;
  readonly timezone?: string;
  readonly jitter?: string;
  readonly pause?: true;
  readonly resume?: true;
  readonly note?: string;
  readonly now?: true;
  readonly backfill?: string;
  readonly remove?: true;
  readonly json?: true;
}

type Action = 'set' | 'pause' | 'resume' | 'now' | 'backfill' | 'remove' | 'show';

/** Which one thing is asked for. */
function actionOf(options: Options): Action {
  const asked: readonly (readonly [Action, unknown])[] = [
    ['set', options.cron ?? options.every],
    ['pause', options.pause],
    ['resume', options.resume],
    ['now', options.now],
    ['backfill', options.backfill],
    ['remove', options.remove],
  ];
  const given = asked.filter(([, value]) => value !== undefined).map(([action]) => action);
  if (given.length > 1) {
    throw wrongUse(
      'One thing at a time: --cron or --every, --pause, --resume, --now, --backfill or --remove.',
    );
  }
  const action = given[0] ?? 'show';
  if (action !== 'set' && (options.timezone ?? options.jitter) !== undefined) {
    throw wrongUse('--timezone and --jitter go with --cron or --every.');
  }
  if (action !== 'pause' && action !== 'resume' && options.note !== undefined) {
    throw wrongUse('--note goes with --pause or --resume.');
  }
  return action;
}

function timingOf({ cron, every, timezone, jitter }: Options): ScheduleTiming {
  const parsed = parseTiming({ cron, every, timezone, jitter });
  if (!('problem' in parsed)) return parsed;
  throw wrongUse(`This is no schedule: it ${parsed.problem}.`, '`cdc schedule --help` shows examples.');
}

function continuous(name: string): VerbError {
  return wrongUse(
    `Pipeline ${name} is continuous: it runs all the time and can't be put on a schedule.`,
    'Give it `mode: batch` to have runs that end, or start it with `cdc start`.',
  );
}

/** From now on as the configuration says, and when `timing` says. */
async function set(session: Session, name: string, timing: ScheduleTiming): Promise<ScheduleReport> {
  const spec = session.spec(name);
  if (spec.mode !== 'batch') throw continuous(name);
  const client = await session.client();
  try {
    return await client.schedules.set(spec, timing);
  } catch (error) {
    if (!(error instanceof CdcClientError) || error.code !== 'REFUSED') throw error;
    throw wrongUse(error.message, error.hint);
  }
}

/** A schedule that is not there: whether the name is wrong, the pipeline continuous, or it has none. */
async function namingScheduled<T>(session: Session, name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CdcClientError) || error.code !== 'NOT_FOUND') throw error;
    const spec = session.config?.pipelines.get(name);
    if (spec?.mode === 'continuous') throw continuous(name);
    const client = await session.client();
    const running = await client.list().catch(() => []);
    const configured = session.config?.pipelines.keys() ?? [];
    const names = new Set([...configured, ...running.map(({ pipeline }) => pipeline)]);
    if (names.has(name)) throw error;
    const known =
      names.size === 0 ? '`cdc list` shows all pipelines.' : `Known are: ${[...names].join(', ')}.`;
    throw wrongUse(`No pipeline is called "${name}"${didYouMean(name, names)}`, known);
  }
}

/** The schedule; one that the configuration has and Temporal does not is made first. */
async function show(session: Session, name: string): Promise<ScheduleReport> {
  const client = await session.client();
  try {
    return await client.schedules.show(name);
  } catch (error) {
    const timing = session.config?.schedules.get(name);
    const missing = error instanceof CdcClientError && error.code === 'NOT_FOUND';
    if (!missing || timing === undefined) throw error;
    session.context.terminal.say(`${name} is put on the schedule of ${session.config?.file ?? ''}.`);
    return set(session, name, timing);
  }
}

function rangeOf(text: string): { readonly from: Date; readonly to: Date } {
  const [from, to, ...rest] = text.split('..').map((part) => new Date(part));
  const whole = from !== undefined && to !== undefined && rest.length === 0;
  if (whole && from.getTime() < to.getTime() && to.getTime() <= Date.now()) return { from, to };
  throw wrongUse(
    `--backfill takes FROM..TO, two times of which the second is later and not in the future.`,
    'For instance --backfill 2026-01-31T00:00Z..2026-01-31T06:00Z.',
  );
}

function tell(session: Session, report: ScheduleReport, options: Options): void {
  const { terminal } = session.context;
  terminal.out(
    options.json === true
      ? JSON.stringify(report, null, 2)
      : scheduleReport(report, Date.now(), terminal.paint),
  );
}

export async function schedule(session: Session, name: string, options: Options): Promise<void> {
  const { terminal } = session.context;
  const action = actionOf(options);
  // What is wrong with the arguments is told before anybody is asked.
  if (action === 'set') {
    tell(session, await set(session, name, timingOf(options)), options);
    return;
  }
  const range = action === 'backfill' ? rangeOf(options.backfill ?? '') : null;
  const { schedules } = await session.client();
  switch (action) {
    case 'show':
      tell(session, await show(session, name), options);
      return;
    case 'pause':
      tell(session, await schedules.pause(name, options.note), options);
      return;
    case 'resume':
      tell(session, await schedules.resume(name, options.note), options);
      return;
    case 'now':
      await schedules.trigger(name);
      terminal.say(`A run of ${name} begins now; \`cdc status ${name}\` shows how it stands.`);
      return;
    case 'backfill':
      if (range !== null) await schedules.backfill(name, range);
      terminal.say(`The runs of ${name} that were due then are made up for, one after the other.`);
      return;
    case 'remove':
      await schedules.remove(name);
      terminal.say(
        `${name} is on no schedule any more. The pipeline stays set up: \`cdc start ${name}\` runs it, \`cdc teardown ${name}\` removes it.`,
      );
      return;
    default:
      action satisfies never;
  }
}

async function list(session: Session, options: Pick<Options, 'json'>): Promise<void> {
  const { terminal } = session.context;
  const { schedules } = await session.client();
  const json: JsonSchedules = { version: 1, schedules: await schedules.list() };
  terminal.out(
    options.json === true
      ? JSON.stringify(json, null, 2)
      : schedulesReport(json.schedules, Date.now(), terminal.paint),
  );
}

const ABOUT = `
Without an option: shows the schedule; where there is none yet and the pipeline has \`schedule:\` in cdc.yaml, makes it.

Each run replicates up to the position that was newest when it began, then ends. A run that is due while another one
is still on, or while the pipeline was started by hand, is left out. The pipeline runs as cdc.yaml said when the
schedule was last made or changed: --cron, --every and \`cdc apply NAME\` take over what has changed in it.

--pause pauses the schedule: a run that is on goes on to its end, and none begins until --resume. \`cdc pause NAME\`
pauses the run that is on: it holds the place of all later ones until \`cdc resume NAME\` or \`cdc stop NAME\`.

  cdc schedule orders --every 10m
  cdc schedule orders --cron "0 3 * * *" --timezone Europe/Berlin
  cdc schedule orders --backfill 2026-01-31T00:00Z..2026-01-31T06:00Z

With --json: {version, pipeline, source, target, cron, everyMs, timeZone, jitterMs, paused, note, nextRunAt, lastRun:
{startedAt, endedAt, outcome, changes, copied, rounds, error}, runs, skipped}; times are milliseconds since 1970.`;

export function addScheduleVerb(program: Command, context: CliContext): void {
  const verb = program
    .command('schedule <name>')
    .description('run a batch pipeline by the clock; show, change, pause or remove its schedule')
    .option('--cron <expression>', 'run at these times, such as "*/5 * * * *"')
    .option('--every <duration>', 'run this often, such as 10m')
    .option('--timezone <name>', 'of --cron, such as Europe/Berlin (default: UTC)')
    .option('--jitter <duration>', 'begin up to this much later, by chance')
    .option('--pause', 'begin no run until --resume; one that is on goes on')
    .option('--resume', 'go on')
    .option('--note <text>', 'why, with --pause or --resume')
    .option('--now', 'begin a run now, paused or not')
    .option('--backfill <from..to>', 'make up for the runs that were due from one time to another')
    .option('--remove', 'take the pipeline off its schedule; one run that is on goes on')
    .option('--json', 'print JSON')
    .addHelpText('after', ABOUT)
    .action((name: string, options: Options, self: Command) => {
      const needs = actionOf(options) === 'set' ? 'specs' : 'nothing';
      return withSession(context, self, needs, (session) =>
        namingScheduled(session, name, () => schedule(session, name, options)),
      );
    });
  verb
    .command('list')
    .description('all schedules at a glance')
    .option('--json', 'print JSON')
    .action((_options: unknown, self: Command) =>
      withSession(context, self, 'nothing', (session) =>
        list(session, self.optsWithGlobals<Pick<Options, 'json'>>()),
      ),
    );
}
