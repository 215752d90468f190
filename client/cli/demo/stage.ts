/** What the demo plays on: a folder with two databases and `cdc.yaml`, a Temporal server, a worker. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pino } from 'pino';
import type { DevServer } from '../../../worker/temporal-server';
import type { CliContext } from '../context';
import { wrongUse } from '../outcome';
import { type LocalWorker, startLocalWorker } from '../running-worker';
import { type Session, openSession } from '../session';
import { type Shop, openShop } from './shop';

export const PIPELINE = 'shop';

export const CONFIG = `connections:
  shop: { url: "sqlite:./shop.db" }
  warehouse: { url: "sqlite:./warehouse.db" }
pipelines:
  ${PIPELINE}:
    source: shop
    target: warehouse
    tables: ["*"]
    round: 2s
`;

export interface Stage {
  readonly folder: string;
  readonly shop: Shop;
  readonly sourceFile: string;
  readonly targetFile: string;
  readonly server: DevServer;
  /** A session of a verb that prints to this context. */
  session(context: CliContext): Promise<Session>;
  /** Ends worker and server, closes the databases, removes the folder unless it is to be kept. */
  close(): Promise<void>;
}

function makeFolder(keep: string | undefined): string {
  if (keep === undefined) return mkdtempSync(join(tmpdir(), 'cdc-demo-'));
  const folder = resolve(keep);
  mkdirSync(folder, { recursive: true });
  if (readdirSync(folder).length > 0) throw wrongUse(`${keep} is not empty.`, 'Name a new folder.');
  return folder;
}

/** Opens everything, or nothing: what was opened before a failure is closed. */
export async function setStage(context: CliContext, keep: string | undefined): Promise<Stage> {
  const folder = makeFolder(keep);
  const undo: (() => unknown)[] = [];
  if (keep === undefined) undo.push(() => rmSync(folder, { recursive: true, force: true }));
  const close = async (): Promise<void> => {
    for (let last = undo.pop(); last !== undefined; last = undo.pop()) await last();
  };
  try {
    const sourceFile = join(folder, 'shop.db');
    const shop = openShop(sourceFile);
    undo.push(() => shop.close());
    const file = join(folder, 'cdc.yaml');
    writeFileSync(file, CONFIG);

    const { startDevServer } = await import('../../../worker/temporal-server/index.js');
    const server = await startDevServer({ env: { ...context.environment } });
    undo.push(() => server.stop());

    const options = { config: file, configGiven: true, address: server.address, namespace: undefined };
    const openFor = (each: CliContext): Promise<Session> =>
      openSession({ ...each, environment: withoutProfile(each.environment) }, options, 'databases');
    const session = await openFor(context);
    undo.push(() => session.close());
    const { config } = session;
    if (config === null) throw new Error('The demo has a configuration');
    const worker: LocalWorker = await startLocalWorker(config, session.temporal(), pino({ level: 'silent' }));
    undo.push(() => worker.stop());
    const targetFile = join(folder, 'warehouse.db');
    return { folder, shop, sourceFile, targetFile, server, session: openFor, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A profile for some cluster, with its credentials, is not for the demo's server. */
function withoutProfile(environment: CliContext['environment']): CliContext['environment'] {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('TEMPORAL_')));
}
