/** A captured database of MySQL or MariaDB for tests of the adapter itself. */
import type { Connection } from 'mysql2/promise';
import { openSource } from '../../engine/adapters/mysql/source/source';
import { routeTable } from '../../engine/capture';
import type { Consumer, Position, Source, TableRoute } from '../../engine/model';
import { createScratchDatabase, type ScratchMysql } from './mysql';

export interface CapturedMysql {
  readonly database: ScratchMysql;
  /** A connection of the application. */
  readonly client: Connection;
  readonly source: Source;
  readonly consumer: Consumer;
  readonly start: Position;
  /** Routes over all columns as the source sees them now. */
  readonly routes: (...tables: readonly string[]) => Promise<readonly TableRoute[]>;
  readonly install: (...tables: readonly string[]) => Promise<Consumer>;
  readonly end: () => Promise<void>;
}

/** Runs `setup`, then captures these tables; all that can be captured if none is named. */
export async function captureMysql(
  server: string,
  setup: readonly string[],
  options: { readonly tables?: readonly string[]; readonly url?: (url: string) => string } = {},
): Promise<CapturedMysql> {
  const database = await createScratchDatabase(server);
  const client = await database.connect();
  for (const sql of setup) await client.query(sql);
  const source = await openSource({ url: options.url?.(database.url) ?? database.url, readOnly: false });
  const routes: CapturedMysql['routes'] = async (...tables) => {
    const all = await source.tables();
    return all
      .filter((table) => (tables.length === 0 ? table.key !== null : tables.includes(table.name.name)))
      .map((table) => routeTable(table, { to: null, columns: null }, true));
  };
  const install: CapturedMysql['install'] = async (...tables) =>
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
