/** What one would type: `psql -c 'COPY … TO STDOUT' | psql -c 'COPY … FROM STDIN'`. */
import { spawn } from 'node:child_process';
import { PG_ITEMS } from './items';
import { SUPERUSER, type PostgresServer } from './server';

export type CopyFormat = 'text' | 'binary';

/** Copies the table of the benchmarks between two databases. */
export async function copyByPsql(
  source: PostgresServer,
  target: PostgresServer,
  database: { readonly source: string; readonly target: string },
  format: CopyFormat,
): Promise<void> {
  const login = ({ socketFolder, port }: PostgresServer): readonly string[] => [
    '-h',
    socketFolder,
    '-p',
    String(port),
    '-U',
    SUPERUSER,
    '-Xq',
  ];
  const out = spawn(
    source.programs.psql,
    [...login(source), '-c', `COPY ${PG_ITEMS} TO STDOUT (FORMAT ${format})`, database.source],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const into = spawn(
    target.programs.psql,
    [...login(target), '-c', `COPY ${PG_ITEMS} FROM STDIN (FORMAT ${format})`, database.target],
    // The pipe itself, so that no byte passes through this process.
    { stdio: [out.stdout, 'ignore', 'inherit'] },
  );
  const codes = await Promise.all(
    [out, into].map(
      (child) => new Promise((resolve, reject) => child.once('exit', resolve).once('error', reject)),
    ),
  );
  if (codes.some((code) => code !== 0)) throw new Error('psql could not copy the table');
}
