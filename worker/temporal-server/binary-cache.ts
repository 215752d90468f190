import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, copyFile, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/**
 * The cached binary's file name holds the sha256 of its content, so that the file and its record can't come
 * apart: one rename stores both, and nothing else needs to be kept in step.
 */
const CACHED_NAME = /^temporal-([0-9a-f]{64})$/;

/** The folder of this user's cached binaries; it need not exist. */
export function binaryCacheFolder(env: NodeJS.ProcessEnv): string {
  const configured = env['XDG_CACHE_HOME'];
  const home = env['HOME'] ?? homedir();
  const base =
    configured !== undefined && configured !== ''
      ? configured
      : process.platform === 'darwin'
        ? join(home, 'Library', 'Caches')
        : join(home, '.cache');
  return join(base, 'temporal-cdc', 'dev-server');
}

/**
 * The newest cached binary whose content is what was stored. One that was altered is never returned: it is
 * removed, to be fetched again.
 *
 * @throws Error that says whether there was none or an altered one.
 */
export async function cachedBinary(folder: string): Promise<string> {
  const names = await readdir(folder).catch(() => []);
  const candidates: { readonly path: string; readonly sha256: string; readonly storedAt: number }[] = [];
  for (const name of names) {
    const sha256 = CACHED_NAME.exec(name)?.[1];
    if (sha256 === undefined) continue;
    const path = join(folder, name);
    candidates.push({ path, sha256, storedAt: (await stat(path)).mtimeMs });
  }
  candidates.sort((a, b) => b.storedAt - a.storedAt);
  let altered = false;
  for (const { path, sha256 } of candidates) {
    if ((await sha256OfFile(path)) === sha256) return path;
    altered = true;
    await rm(path, { force: true });
  }
  throw new Error(
    altered ? `the copy in ${folder} was altered and has been removed` : `no copy in ${folder}`,
  );
}

/** Copies a binary into the cache under the hash of its content, and returns its path there. */
export async function storeBinary(folder: string, binary: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // The copy is hashed, not the original, and takes its name last: a crash leaves nothing that could be run.
  const unfinished = join(folder, `unfinished-${randomUUID()}`);
  try {
    await copyFile(binary, unfinished);
    await chmod(unfinished, 0o755);
    const path = join(folder, `temporal-${await sha256OfFile(unfinished)}`);
    await rename(unfinished, path);
    return path;
  } finally {
    await rm(unfinished, { force: true });
  }
}

async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}
