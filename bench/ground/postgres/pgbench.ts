/** Runs of `pgbench` with scripts of our own. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SUPERUSER, type PostgresServer } from './server';

/** One kind of transaction and its weight among the others. */
export interface PgbenchScript {
  readonly name: string;
  readonly weight: number;
  readonly text: string;
}

export interface PgbenchRun {
  readonly database: string;
  readonly clients: number;
  readonly limit: { readonly seconds: number } | { readonly transactions: number };
  readonly seed: number;
  /** Known to the scripts as `:name` from the beginning. */
  readonly variables?: Readonly<Record<string, number>>;
  /** Transactions per second of all clients together; null: as many as can be. */
  readonly rate?: number | null;
}

/** Answers transactions per second; connecting is left out. */
export async function runPgbench(
  { programs, port, socketFolder }: PostgresServer,
  folder: string,
  scripts: readonly PgbenchScript[],
  { database, clients, limit, seed, variables = {}, rate = null }: PgbenchRun,
): Promise<number> {
  const files = scripts.flatMap(({ name, weight, text }) => {
    const file = join(folder, `${name}.sql`);
    writeFileSync(file, text);
    return ['-f', `${file}@${weight}`];
  });
  const { stdout } = await promisify(execFile)(
    programs.pgbench,
    [
      ...['-h', socketFolder, '-p', String(port), '-U', SUPERUSER, '-n', '-M', 'prepared'],
      ...['-c', String(clients), '-j', '1', `--random-seed=${seed}`],
      ...('seconds' in limit ? ['-T', String(limit.seconds)] : ['-t', String(limit.transactions)]),
      ...Object.entries(variables).flatMap(([name, value]) => ['-D', `${name}=${value}`]),
      ...(rate === null ? [] : ['-R', String(rate)]),
      ...files,
      database,
    ],
    { env: { ...process.env, PGOPTIONS: '-c synchronous_commit=off' } },
  );
  const rates = /^tps = ([\d.]+)/m.exec(stdout)?.[1];
  if (rates === undefined) throw new Error('pgbench did not say how fast it was');
  return Number(rates);
}
