/** A captured PostgreSQL database for tests of the adapter itself. */
import type { Client } from 'pg';
import { openSource } from '../../engine/adapters/postgres/source/source';
import { routeTable } from '../../engine/capture';
import type { Consumer, Position, Source, TableRoute } from '../../engine/model';
import { createScratchDatabase, type ScratchPostgres } from './postgres';

export interface CapturedPostgres {
  readonly database: ScratchPostgres;
  /** A connection of the application. */
  readonly client: Client;
  readonly source: Source;
  readonly consumer: Consumer;
  readonly start: Position;
  /** Routes over all columns as the source sees them now. */
  routes(...tables: readonly string[]): Promise<readonly TableRoute[]>;
  install(...tables: readonly string[]): Promise<Consumer>;
  end(): Promise<void>;
}

/** Runs `setup`, then captures these tables of the schema public; all of them if none is named. */
export async function capturePostgres(
  setup: readonly string[],
  options: { readonly tables?: readonly string[]; readonly url?: (name: string) => string } = {},
): Promise<CapturedPostgres> {
  const database = await createScratchDatabase();
  const client = await database.connect();
  for (const sql of setup) await client.query(sql);
  const source = await openSource({ url: options.url?.(database.name) ?? database.url, readOnly: false });
  const routes: CapturedPostgres['routes'] = async (...tables) => routesOf(source, tables);
  const install: CapturedPostgres['install'] = async (...tables) =>
    source.install(
      (await routes(...tables)).map((route) => route.source),
      { uuid: 'test', name: 'test', now: Date.now(), reset: false },
    );
  const consumer = await install(...(options.tables ?? []));
  return {
    database,
    client,
    source,
    consumer,
    start: consumer.position,
    routes,
    install,
    async end() {
      await source.close();
      await database.drop();
    },
  };
}

/** Routes of these tables, or of all that can be captured. */
export async function routesOf(source: Source, tables: readonly string[]): Promise<readonly TableRoute[]> {
  const all = await source.tables();
  const wanted = all.filter((table) =>
    tables.length === 0 ? table.key !== null : tables.includes(table.name.name),
  );
  return wanted.map((table) => routeTable(table, { to: null, columns: null }, true));
}
