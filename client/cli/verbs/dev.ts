/** `cdc dev`: Temporal's dev server and a worker in one process, for trying out. Its state stays in `.cdc/`. */
import { createServer } from 'node:net';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, InvalidArgumentError } from 'commander';
import type { DevServer } from '../../../worker/temporal-server';
import { DEFAULT_TASK_QUEUE } from '../..';
import type { CliContext } from '../context';
import { type DevFile, claimDevFolder, devFolder, releaseDevFolder, updateDevFile } from '../dev-file';
import { failed } from '../outcome';
import { createReadableLog } from '../readable-log';
import { labelled } from '../reports';
import { startLocalWorker, untilInterrupted } from '../running-worker';
import { type Session, withSession } from '../session';

interface Options {
  readonly port?: number;
  readonly uiPort?: number;
}

const HOST = '127.0.0.1';
const DEFAULT_NAMESPACE = 'default';
/** Where people look for Temporal and its web UI first; others are taken where these are in use. */
const USUAL_PORT = 7233;
const USUAL_UI_PORT = 8233;

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65_535) return port;
  throw new InvalidArgumentError('It must be a port from 1 to 65535.');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((done) => {
    const server = createServer();
    server.once('error', () => done(false));
    server.listen({ host: HOST, port, exclusive: true }, () => server.close(() => done(true)));
  });
}

async function usual(port: number): Promise<number | null> {
  return (await isFree(port)) ? port : null;
}

/** A server that was killed may hold its ports and its database for a moment yet. */
const START_ATTEMPTS = 3;
const START_AGAIN_AFTER_MS = 1_000;

/** At the usual ports where they are free; where that fails, at any free ones. */
async function startServer(session: Session, options: Options): Promise<DevServer> {
  const { TemporalServerError, startDevServer } = await import('../../../worker/temporal-server/index.js');
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (attempt === 1 ? await usual(USUAL_PORT) : null);
    const uiPort = options.uiPort ?? (attempt === 1 ? await usual(USUAL_UI_PORT) : null);
    try {
      return await startDevServer({
        dbFilename: join(devFolder(session.folder), 'temporal.db'),
        ip: HOST,
        namespace: session.config?.temporal.namespace ?? DEFAULT_NAMESPACE,
        env: { ...session.context.environment },
        ...(port !== null && { port }),
        ...(uiPort !== null && { uiPort }),
      });
    } catch (error) {
      if (!(error instanceof TemporalServerError) || !error.retryable || attempt === START_ATTEMPTS)
        throw error;
      await sleep(START_AGAIN_AFTER_MS);
    }
  }
}

function welcome(session: Session, server: DevServer): string {
  const { paint } = session.context.terminal;
  const names = [...(session.config?.pipelines.keys() ?? [])];
  const [first = 'NAME'] = names;
  const ui = `${server.uiUrl ?? ''}/namespaces/${server.namespace}/workflows`;
  return [
    paint.green('Ready.'),
    '',
    labelled(
      [
        ['Temporal web UI', paint.cyan(ui)],
        ['Temporal server', `${server.address}, namespace ${server.namespace}`],
        ['Worker', `task queue ${DEFAULT_TASK_QUEUE}, pipelines: ${names.join(', ')}`],
        ['State', relative(process.cwd(), devFolder(session.folder)) || '.'],
      ],
      paint.dim,
    ),
    '',
    'In another terminal, in this folder:',
    `  cdc start ${first}            ${paint.dim('set up and start replicating')}`,
    `  cdc wait ${first} caught-up   ${paint.dim('until everything has arrived')}`,
    `  cdc status ${first}           ${paint.dim('how it stands')}`,
    '',
    'Ctrl-C stops worker and server; pipelines go on at the next `cdc dev`.',
  ].join('\n');
}

function refuseSecond(other: DevFile, folder: string): never {
  const where = other.uiUrl === null ? '' : `, its web UI at ${other.uiUrl}`;
  throw failed(
    `\`cdc dev\` runs in ${folder} already: process ${other.pid}${where}.`,
    'Use that one (the other verbs find it by themselves), or stop it first.',
  );
}

/** The configuration and the environment go before `.cdc/dev.json`: the other verbs would look elsewhere. */
function warnOfOther(session: Session, address: string): void {
  const { terminal } = session.context;
  const chosen = session.temporal();
  if (chosen.connection.address === address) return;
  terminal.say(
    `${terminal.sayPaint.yellow('Note:')} ${chosen.origin} names ${chosen.connection.address}, so the other verbs speak to that server. Say --address ${address} for this one.`,
  );
}

export async function dev(session: Session, options: Options): Promise<void> {
  const { terminal, onInterrupt } = session.context;
  const { config, folder } = session;
  if (config === null) throw new Error('A worker needs the configuration');
  const taskQueue = config.temporal.taskQueue ?? DEFAULT_TASK_QUEUE;
  const mine: DevFile = {
    version: 1,
    pid: process.pid,
    address: null,
    namespace: config.temporal.namespace ?? DEFAULT_NAMESPACE,
    taskQueue,
    uiUrl: null,
  };
  const other = claimDevFolder(folder, mine);
  if (other !== null) refuseSecond(other, folder);
  try {
    terminal.progress('Starting Temporal ...');
    const server = await startServer(session, options);
    try {
      const { address, namespace, uiUrl } = server;
      const target = { connection: { address }, namespace, taskQueue };
      const worker = await startLocalWorker(config, target, createReadableLog(terminal));
      try {
        updateDevFile(folder, { ...mine, address, namespace, uiUrl: uiUrl ?? null });
        terminal.out(welcome(session, server));
        warnOfOther(session, address);
        await untilInterrupted(onInterrupt, [
          { what: 'The Temporal server', ended: server.ended },
          { what: 'The worker', ended: worker.ended },
        ]);
        terminal.say('Stopping ...');
      } finally {
        await worker.stop();
      }
    } finally {
      await server.stop();
    }
  } finally {
    releaseDevFolder(folder);
  }
  terminal.say('Stopped.');
}

export function addDevVerb(program: Command, context: CliContext): void {
  program
    .command('dev')
    .description('run a Temporal dev server and a worker here, with their state in .cdc/')
    .option('--port <port>', "the server's port (default: 7233, or a free one)", parsePort)
    .option('--ui-port <port>', "the web UI's port (default: 8233, or a free one)", parsePort)
    .action((options: Options, command: Command) =>
      withSession(context, command, 'databases', (session) => dev(session, options)),
    );
}
