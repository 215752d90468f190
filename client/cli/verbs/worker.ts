/** `cdc worker`: runs pipelines until it is told to stop. */
import type { Command } from 'commander';
import type { CliContext } from '../context';
import { counted } from '../reports';
import { startLocalWorker, untilInterrupted } from '../running-worker';
import { type Session, withSession } from '../session';

export async function runWorkerVerb(session: Session): Promise<void> {
  const { terminal, onInterrupt } = session.context;
  const { config } = session;
  if (config === null) throw new Error('A worker needs the configuration');
  // Connecting first gives a server that does not answer a message of its own.
  await session.client();
  const target = session.temporal();
  const worker = await startLocalWorker(config, target);
  const { connection, namespace, taskQueue } = target;
  terminal.say(
    `Worker for ${counted(config.pipelines.size, 'pipeline')} is running: task queue ${taskQueue}, namespace ${namespace}, Temporal at ${connection.address}.\nCtrl-C stops it.`,
  );
  try {
    await untilInterrupted(onInterrupt, [{ what: 'The worker', ended: worker.ended }]);
    terminal.say('Stopping: what is being applied is finished first ...');
  } finally {
    await worker.stop();
  }
  terminal.say('The worker has stopped.');
}

export function addWorkerVerb(program: Command, context: CliContext): void {
  program
    .command('worker')
    .description('run the pipelines of the configuration until stopped by Ctrl-C')
    .action((_options: unknown, command: Command) =>
      withSession(context, command, 'databases', runWorkerVerb),
    );
}
