/**
 * `cdc doctor [NAME…]`: looks for what stands in the way of replication before it does: rights, settings, room, clocks,
 * capture, Temporal, a worker. Writes nothing.
 */
import type { Command } from 'commander';
import { type Diagnosis, fine, problem, warning } from '../../../engine/model';
import type { CliContext } from '../context';
import { EXIT, VerbError, wrongUse } from '../outcome';
import { type JsonDoctor, doctorJson, doctorReport } from '../reports';
import { type Session, withSession } from '../session';

interface Options {
  readonly json?: true;
}

const START_WORKER =
  'Start one with `cdc worker` (or `cdc dev`), or look at the log of the one that should run.';

async function temporalChecks(session: Session): Promise<readonly Diagnosis[]> {
  try {
    const client = await session.client();
    const { connection, taskQueue } = session.temporal();
    const reachable = fine('temporal', `Temporal answers at ${connection.address}.`);
    const worker = await client.worker();
    switch (worker) {
      case 'alive':
        return [reachable, fine('worker', `A worker polls the task queue ${taskQueue}.`)];
      case 'silent':
        return [reachable, problem('worker', `No worker polls the task queue ${taskQueue}.`, START_WORKER)];
      case 'unknown':
        return [
          reachable,
          warning('worker', `The server does not tell whether a worker polls ${taskQueue}.`, START_WORKER),
        ];
    }
  } catch (error) {
    return [temporalFailure(error)];
  }
}

function temporalFailure(error: unknown): Diagnosis {
  const hint: unknown = error instanceof Error ? Reflect.get(error, 'hint') : null;
  return problem(
    'temporal',
    error instanceof Error ? error.message : 'Unexpected failure.',
    typeof hint === 'string' ? hint : 'Name the server with --address or TEMPORAL_ADDRESS.',
  );
}

export async function doctor(
  session: Session,
  names: readonly string[],
  options: Options,
): Promise<JsonDoctor> {
  const { terminal } = session.context;
  const { config } = session;
  if (config === null) throw wrongUse('There is no configuration to look at.');
  const wanted = names.length === 0 ? [...config.pipelines.keys()] : [...new Set(names)];
  const specs = wanted.map((name) => session.spec(name));
  const { diagnose } = await import('../../../worker/composition.js');
  const [temporal, found] = await Promise.all([temporalChecks(session), diagnose(config, specs)]);
  const report = doctorJson(temporal, found);
  terminal.out(
    options.json === true ? JSON.stringify(report, null, 2) : doctorReport(report, terminal.paint),
  );
  return report;
}

export function addDoctorVerb(program: Command, context: CliContext): void {
  program
    .command('doctor [names...]')
    .description('look for what stands in the way: rights, settings, room, clocks, capture, a worker')
    .option('--json', 'print JSON')
    .action((names: readonly string[], options: Options, command: Command) =>
      withSession(context, command, 'databases', async (session) => {
        const { sound } = await doctor(session, names, options);
        if (!sound) throw new VerbError(EXIT.failed, '');
      }),
    );
}
