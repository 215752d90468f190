/** `cdc apply NAME`: lets a running pipeline go on as `cdc.yaml` says by now. */
import { isDeepStrictEqual } from 'node:util';
import type { Command } from 'commander';
import type { PipelineSpec } from '../../../engine/model';
import { CdcClientError, type ConnectedCdcClient, type ScheduleReport, setupText } from '../..';
import type { CliContext } from '../context';
import { wrongUse } from '../outcome';
import {
  type ApplyPlan,
  type JsonApply,
  applyPlan,
  applyReport,
  captureText,
  counted,
  isNothing,
} from '../reports';
import { type Session, withSession } from '../session';

interface Options {
  readonly dryRun?: true;
  readonly yes?: true;
  readonly json?: true;
}

/** What runs, and what later runs begin with. */
interface Present {
  readonly spec: PipelineSpec;
  /** True when a workflow runs that can be told. */
  readonly running: boolean;
  readonly schedule: ScheduleReport | null;
}

async function nullWhereMissing<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof CdcClientError && error.code === 'NOT_FOUND') return null;
    throw error;
  }
}

async function presentOf(client: ConnectedCdcClient, name: string): Promise<Present> {
  const [running, schedule] = await Promise.all([
    nullWhereMissing(client.spec(name)),
    nullWhereMissing(client.schedules.show(name)),
  ]);
  const spec = running ?? (schedule === null ? null : await client.schedules.spec(name));
  if (spec !== null) return { spec, running: running !== null, schedule };
  throw new CdcClientError(
    'NOT_FOUND',
    `Pipeline ${name} is not running`,
    `\`cdc start ${name}\` starts it as the configuration says.`,
  );
}

/** What can't change while its checkpoint stands for the former one. */
function refuseFixed(now: PipelineSpec, wanted: PipelineSpec): void {
  const { name } = wanted;
  for (const end of ['source', 'target', 'capture'] as const) {
    if (isDeepStrictEqual(now[end], wanted[end])) continue;
    const [former, other] = [captureText(now[end]), captureText(wanted[end])];
    const how = former === other ? 'it is set otherwise' : `it is ${former}, and ${other}`;
    throw wrongUse(
      `The ${end} of pipeline ${name} can't change: ${how} in the configuration.`,
      `Give the new one a name of its own; or \`cdc stop ${name}\` and, as long as the configuration names the former one, \`cdc teardown ${name}\`, then start it anew.`,
    );
  }
  if (now.mode === wanted.mode) return;
  throw wrongUse(
    `The mode of pipeline ${name} can't change while it runs: it is ${now.mode}, and ${wanted.mode} in the configuration.`,
    `Run \`cdc stop ${name}\`, then \`cdc start ${name}\`; it goes on from where it was.`,
  );
}

async function planOf(session: Session, present: Present, wanted: PipelineSpec): Promise<ApplyPlan> {
  const { name } = wanted;
  const client = await session.client();
  const pipeline = await session.pipeline(name, 'read');
  const [plan, status] = await Promise.all([
    pipeline.plan(wanted),
    // One whose first run is still to come has no tables yet.
    nullWhereMissing(client.status(name)),
  ]);
  const timing = session.config?.schedules.get(name);
  return applyPlan({
    now: present.spec,
    wanted,
    tables: status?.tables ?? [],
    plan,
    schedule:
      present.schedule === null || timing === undefined ? null : { now: present.schedule, wanted: timing },
  });
}

/** Removing a table can't be taken back but by a new copy: somebody has to agree to it. */
async function agree(session: Session, plan: ApplyPlan, options: Options): Promise<void> {
  const tables = plan.removed.map(({ source }) => source);
  if (tables.length === 0 || options.yes === true) return;
  const question = `Remove ${tables.join(', ')} from ${plan.pipeline}? The rows on the target stay.`;
  if (await session.context.confirm(question)) return;
  throw wrongUse(
    `Nothing was applied: ${counted(tables.length, 'table')} would leave ${plan.pipeline}.`,
    'Answer y at a terminal, or say --yes; --dry-run shows what would change.',
  );
}

async function carryOut(
  session: Session,
  { running, schedule }: Present,
  wanted: PipelineSpec,
  { removed }: ApplyPlan,
): Promise<void> {
  const { terminal } = session.context;
  const { name } = wanted;
  const client = await session.client();
  if (running) {
    terminal.progress(`Applying to ${name} ...`);
    await client.apply(wanted, {
      removes: removed.map(({ source }) => source),
      onProgress: (progress) => terminal.progress(`Applying to ${name}: ${setupText(progress)} ...`),
    });
    terminal.endProgress();
  }
  if (schedule === null) return;
  const timing = session.config?.schedules.get(name) ?? timingOf(schedule);
  await client.schedules.set(wanted, timing);
}

function timingOf({ cron, everyMs, timeZone, jitterMs }: ScheduleReport) {
  return cron === null
    ? ({ kind: 'every', everyMs: everyMs ?? 0, jitterMs } as const)
    : ({ kind: 'cron', cron, timeZone: timeZone ?? 'UTC', jitterMs } as const);
}

function doneText(present: Present, { pipeline, added, copiedAgain, removed }: ApplyPlan): string {
  if (!present.running) return `The next run of ${pipeline} begins as the configuration says.`;
  const copied = added.length + copiedAgain.length;
  const parts = [
    ...(copied === 0 ? [] : [`${counted(copied, 'table')} being copied`]),
    ...(removed.length === 0 ? [] : [`${counted(removed.length, 'table')} removed`]),
  ];
  const what = parts.length === 0 ? '' : `: ${parts.join(', ')}`;
  return `${pipeline} goes on as the configuration says${what}; \`cdc status ${pipeline}\` shows how it stands.`;
}

export async function apply(session: Session, name: string, options: Options): Promise<void> {
  const { terminal } = session.context;
  const wanted = session.spec(name);
  const client = await session.client();
  const present = await presentOf(client, name);
  refuseFixed(present.spec, wanted);
  const plan = await planOf(session, present, wanted);
  const goes = options.dryRun !== true && !isNothing(plan);
  if (options.json !== true) terminal.out(applyReport(plan, terminal.paint));
  if (goes) {
    await agree(session, plan, options);
    await carryOut(session, present, wanted, plan);
    terminal.say(doneText(present, plan));
  }
  if (options.json === true) {
    const json: JsonApply = { version: 1, ...plan, applied: goes };
    terminal.out(JSON.stringify(json, null, 2));
  }
}

const ABOUT = `
Compares cdc.yaml with what runs, shows what would change, and applies it: settings, tables added, removed, led to
another target or with other columns. A table that joins is copied while the others go on; one that is removed loses
what captures it on the source, its progress and its dead letters, and keeps its rows on the target, which is asked
first (or --yes). Source, target, capture and mode of a running pipeline can't change. A pipeline on a schedule takes
it over with its next run, and with the run that is on.

With --json: {version, pipeline, applied, settings: [{setting, from, to}], added, removed, copiedAgain, schedule, steps,
skipped, notices}.`;

export function addApplyVerb(program: Command, context: CliContext): void {
  program
    .command('apply <name>')
    .description('let a running pipeline go on as cdc.yaml says by now: settings and tables')
    .option('--dry-run', 'show what would change, and change nothing')
    .option('--yes', 'do not ask before tables are removed')
    .option('--json', 'print JSON')
    .addHelpText('after', ABOUT)
    .action((name: string, options: Options, self: Command) =>
      withSession(context, self, 'databases', (session) => apply(session, name, options)),
    );
}
