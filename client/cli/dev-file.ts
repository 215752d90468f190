/**
 * `.cdc/dev.json`, beside `cdc.yaml`: tells the other verbs where `cdc dev` has put Temporal, and keeps a second
 * `cdc dev` from opening the same database.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const schema = z.object({
  version: z.literal(1),
  /** Of the `cdc dev` process. */
  pid: z.number().int().positive(),
  /** Null while the server is being started. */
  address: z.string().nullable(),
  namespace: z.string(),
  taskQueue: z.string(),
  uiUrl: z.string().nullable(),
});

export type DevFile = z.output<typeof schema>;

/** The folder of everything that `cdc dev` keeps. */
export function devFolder(configFolder: string): string {
  return join(configFolder, '.cdc');
}

function devPath(configFolder: string): string {
  return join(devFolder(configFolder), 'dev.json');
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process is alive all the same.
    return typeof error === 'object' && error !== null && 'code' in error && error.code === 'EPERM';
  }
}

/** What a running `cdc dev` has written; null when there is none, or when it was killed and left the file behind. */
export function readDevFile(configFolder: string): DevFile | null {
  try {
    const found = schema.parse(JSON.parse(readFileSync(devPath(configFolder), 'utf8')));
    return isAlive(found.pid) ? found : null;
  } catch {
    return null;
  }
}

function exists(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'EEXIST';
}

/** Takes the folder for this process. Answers the running `cdc dev` that has it already, else null. */
export function claimDevFolder(configFolder: string, mine: DevFile): DevFile | null {
  const path = devPath(configFolder);
  mkdirSync(devFolder(configFolder), { recursive: true });
  // State of this machine: nothing for a repository.
  writeFileSync(join(devFolder(configFolder), '.gitignore'), '*\n');
  for (;;) {
    try {
      writeFileSync(path, JSON.stringify(mine), { flag: 'wx', mode: 0o600 });
      return null;
    } catch (error) {
      if (!exists(error)) throw error;
      const other = readDevFile(configFolder);
      if (other !== null) return other;
      rmSync(path, { force: true });
    }
  }
}

/** Replaces what this process has written, in one step: a reader never sees half of it. */
export function updateDevFile(configFolder: string, mine: DevFile): void {
  const path = devPath(configFolder);
  writeFileSync(`${path}.${mine.pid}`, JSON.stringify(mine), { mode: 0o600 });
  renameSync(`${path}.${mine.pid}`, path);
}

/** Gives the folder back, unless another process has it by now. */
export function releaseDevFolder(configFolder: string): void {
  if (readDevFile(configFolder)?.pid === process.pid) rmSync(devPath(configFolder), { force: true });
}
