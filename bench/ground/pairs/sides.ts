/** The servers on either side, and the pairs between them. */
import { join } from 'node:path';
import { startPostgres } from '../postgres';
import type { PipelinePlan } from '../product';
import type { Workspace } from '../workspace';
import { withAnyClient, type Family } from './client';
import { ITEMS_TABLE } from './items';
import { startMariadb, type MariadbServer } from './mariadb';

export interface Pair {
  readonly from: Family;
  readonly to: Family;
  readonly plan: PipelinePlan;
}

export interface PairSides {
  readonly pairs: readonly Pair[];
  /** Source and target. */
  readonly mariadb: readonly [MariadbServer, MariadbServer];
  /** Makes an empty database on one side and answers its URL. */
  createDatabase(family: Family, side: 'source' | 'target', name: string): Promise<string>;
}

/**
 * Starts two MariaDB servers and one of PostgreSQL; MySQL is on both sides where `CDC_BENCH_MYSQL_URL` or
 * `CDC_TEST_MYSQL_URL` names a server. `CDC_BENCH_PAIRS=mariadb-sqlite,…` takes these pairs alone.
 */
export async function openPairs(workspace: Workspace): Promise<PairSides> {
  const mysql = process.env['CDC_BENCH_MYSQL_URL'] ?? process.env['CDC_TEST_MYSQL_URL'] ?? null;
  const wanted = process.env['CDC_BENCH_PAIRS']?.split(',') ?? null;
  const families: readonly Family[] = [
    'sqlite',
    'postgres',
    'mariadb',
    ...(mysql === null ? [] : ['mysql' as const]),
  ];
  const chosen = families
    .flatMap((from) => families.map((to) => ({ from, to, name: `${from}-${to}` })))
    .filter(({ name }) => wanted?.includes(name) ?? true);
  if (chosen.length === 0) throw new Error('CDC_BENCH_PAIRS names no pair whose servers are here');
  const postgres = await startPostgres(workspace);
  // Writing the backlog shall not wait for the disk, which nothing that reads it later does.
  const careless = ['--innodb-flush-log-at-trx-commit=2'];
  const mariadb = [await startMariadb(workspace, 1, careless), await startMariadb(workspace, 2)] as const;
  const folder = workspace.folder('files');
  const createDatabase: PairSides['createDatabase'] = async (family, side, name) => {
    const database = `bench_${name}_${side}`.replaceAll('-', '_');
    if (family === 'sqlite') return `sqlite:${join(folder, `${database}.db`)}`;
    if (family === 'postgres') return postgres.createDatabase(database);
    const server =
      family === 'mysql' ? (mysql ?? '').replace(/\/*$/, '/') : mariadb[side === 'source' ? 0 : 1].url('');
    const create = `DROP DATABASE IF EXISTS ${database}; CREATE DATABASE ${database} COLLATE utf8mb4_general_ci`;
    await withAnyClient(server, (client) => client.run(create));
    if (family === 'mysql') {
      workspace.onClose(() =>
        withAnyClient(server, (client) => client.run(`DROP DATABASE IF EXISTS ${database}`)),
      );
    }
    return `${server}${database}`;
  };
  const pairs: Pair[] = [];
  for (const { from, to, name } of chosen) {
    const source = await createDatabase(from, 'source', name);
    const target = await createDatabase(to, 'target', name);
    const table = from === 'postgres' ? `public.${ITEMS_TABLE}` : ITEMS_TABLE;
    pairs.push({ from, to, plan: { name, source, target, tables: [table] } });
  }
  return { pairs, mariadb, createDatabase };
}
