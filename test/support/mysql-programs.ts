/** Which programs of a MySQL or MariaDB server are installed on this machine. */
import { execFileSync } from 'node:child_process';

export type Flavour = 'mysql' | 'mariadb';

export const FLAVOURS: readonly Flavour[] = ['mariadb', 'mysql'];

export interface ServerProgram {
  readonly flavour: Flavour;
  readonly path: string;
}

/** Where systems put servers, which is not on everybody's path. */
const FOLDERS = ['', '/usr/sbin/', '/usr/local/sbin/', '/usr/local/mysql/bin/'];

/** Null where none is. MariaDB installs itself under the name `mysqld`, too. */
export function installedProgram(flavour: Flavour): ServerProgram | null {
  const names = flavour === 'mysql' ? ['mysqld'] : ['mariadbd', 'mysqld'];
  for (const path of FOLDERS.flatMap((folder) => names.map((name) => folder + name))) {
    try {
      const version = execFileSync(path, ['--no-defaults', '--version'], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      if (version.includes('MariaDB') === (flavour === 'mariadb')) return { flavour, path };
    } catch {
      // Not installed under this name: the next.
    }
  }
  return null;
}
