/** `cdc plan NAME`: what setup would do, without doing it. Fails where setup would. */
import type { Command } from 'commander';
import type { Pipeline } from '../../../engine';
import { isCdcError } from '../../../engine/errors';
import { requireFitting, type PipelineSpec, type Plan } from '../../../engine/model';
import type { CliContext } from '../context';
import { planJson, planReport } from '../reports';
import { type Session, withSession } from '../session';

interface Options {
  readonly json?: true;
}

export async function plan(session: Session, name: string, options: Options): Promise<void> {
  const { terminal } = session.context;
  const spec = session.spec(name);
  const pipeline = await session.pipeline(name, 'read');
  const show = (found: Plan): void => {
    terminal.out(
      options.json === true ? JSON.stringify(planJson(found), null, 2) : planReport(found, terminal.paint),
    );
    requireFitting(found);
  };
  try {
    show(await pipeline.plan(spec));
  } catch (error) {
    const whole = isCdcError(error, 'TARGET_TABLE_MISSING') ? await ifMade(pipeline, spec) : null;
    if (whole !== null) show(whole);
    throw error;
  }
}

/**
 * What setup would do if it might make the tables that are missing, so that a person sees the statements. Null where that
 * is refused, too: the first refusal says enough.
 */
async function ifMade(pipeline: Pipeline, spec: PipelineSpec): Promise<Plan | null> {
  const settings = { ...spec.settings, createTables: true };
  try {
    return await pipeline.plan({ ...spec, settings });
  } catch (error) {
    if (!isCdcError(error)) throw error;
    return null;
  }
}

export function addPlanVerb(program: Command, context: CliContext): void {
  program
    .command('plan <name>')
    .description('show what setup would do: tables, SQL, what to know; writes nothing')
    .option('--json', 'print JSON')
    .action((name: string, options: Options, command: Command) =>
      withSession(context, command, 'databases', (session) => plan(session, name, options)),
    );
}
