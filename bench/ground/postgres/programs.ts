/** PostgreSQL's own programs on this machine. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export const PROGRAMS = ['initdb', 'postgres', 'psql', 'pgbench'] as const;
export type Program = (typeof PROGRAMS)[number];

/** Where each of them is. */
export type Programs = Readonly<Record<Program, string>>;

/** Where Debian and its like put what is not meant for everybody. */
const VERSIONS_FOLDER = '/usr/lib/postgresql';

/** The first folder that has them all, so that they are of one version. Throws with the names of those that miss. */
export function findPrograms(): Programs {
  const folders = [configured(), ...versions(), ...(process.env['PATH'] ?? '').split(delimiter)];
  const missing = folders.map((folder) => PROGRAMS.filter((name) => !existsSync(join(folder, name))));
  const found = missing.findIndex((names) => names.length === 0);
  if (found < 0) {
    const fewest = missing.toSorted((one, other) => one.length - other.length)[0] ?? PROGRAMS;
    throw new Error(
      `This benchmark starts PostgreSQL servers of its own and lacks: ${fewest.join(', ')}. Install PostgreSQL's server and its contributed programs, or put them on PATH.`,
    );
  }
  const folder = folders[found] ?? '';
  const at = (name: Program): string => join(folder, name);
  return { initdb: at('initdb'), postgres: at('postgres'), psql: at('psql'), pgbench: at('pgbench') };
}

function configured(): string {
  try {
    return execFileSync('pg_config', ['--bindir'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return '';
  }
}

/** Newest first. */
function versions(): readonly string[] {
  if (!existsSync(VERSIONS_FOLDER)) return [];
  return readdirSync(VERSIONS_FOLDER)
    .toSorted((one, other) => Number(other) - Number(one))
    .map((version) => join(VERSIONS_FOLDER, version, 'bin'));
}
