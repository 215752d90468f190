import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { type DevServer, startDevServer } from '../../worker/temporal-server';
import { VARIABLES } from './temporal';

const WORKFLOWS = resolve(__dirname, '../../workflows/index.js');

let server: DevServer | undefined;
let folder: string | undefined;

/** Starts the dev server and makes the bundle; what fails is reported to the tests that ask for it. */
export async function startTemporalFixture(): Promise<void> {
  // Jest has no handler of its own; the `exit` handlers of this process then leave nothing behind.
  process.once('SIGINT', () => process.exit(130));
  process.once('SIGTERM', () => process.exit(143));
  process.once('exit', removeFolder);
  await Promise.all([
    publish(VARIABLES.address, async () => {
      server = await startDevServer({ headless: true });
      return server.address;
    }),
    publish(VARIABLES.bundlePath, makeBundle),
  ]);
}

/** Ends what `startTemporalFixture` started. */
export async function stopTemporalFixture(): Promise<void> {
  await server?.stop();
  removeFolder();
}

async function makeBundle(): Promise<string> {
  if (!existsSync(WORKFLOWS)) throw new Error(`There are no workflows at ${WORKFLOWS}`);
  const logger = new DefaultLogger('ERROR');
  const { code } = await bundleWorkflowCode({ workflowsPath: WORKFLOWS, logger });
  folder = mkdtempSync(join(tmpdir(), 'temporal-cdc-bundle-'));
  const path = join(folder, 'workflows.js');
  writeFileSync(path, code);
  return path;
}

async function publish(
  names: { readonly value: string; readonly error: string },
  make: () => Promise<string>,
): Promise<void> {
  try {
    process.env[names.value] = await make();
  } catch (error) {
    process.env[names.error] = error instanceof Error ? error.message : String(error);
  }
}

function removeFolder(): void {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
}
