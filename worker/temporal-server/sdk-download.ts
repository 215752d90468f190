import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { runToEnd } from './run-to-end';

const TIME_LIMIT_MS = 120_000;

/**
 * The SDK downloads the binary only as a part of starting a server, and does so inside its native runtime, which
 * a process can install once. A process of its own leaves ours free to install the runtime with its own options,
 * and can be killed when the download stalls.
 */
const PROGRAM = `
  const { TestWorkflowEnvironment } = require(process.argv[1]);
  const executable = { type: 'cached-download', downloadDir: process.argv[2] };
  TestWorkflowEnvironment.createLocal({ server: { executable } }).then(
    async (environment) => {
      await environment.teardown();
      process.exit(0);
    },
    (error) => {
      console.error(error.message);
      process.exit(1);
    },
  );
`;

/**
 * Lets the Temporal SDK download the dev server that fits it (from temporal.download) into an empty folder.
 *
 * @returns the path of the binary.
 * @throws Error if the download is refused, stalls for two minutes, or yields nothing.
 */
export async function downloadBySdk(emptyFolder: string, env: NodeJS.ProcessEnv): Promise<string> {
  const sdk = require.resolve('@temporalio/testing');
  await runToEnd(process.execPath, ['-e', PROGRAM, sdk, emptyFolder], { env, timeoutMs: TIME_LIMIT_MS });
  const files = await readdir(emptyFolder);
  const binary = files.find((name) => name.startsWith('temporal') && !name.endsWith('.downloading'));
  if (binary === undefined) throw new Error('the SDK left no binary');
  return join(emptyFolder, binary);
}
