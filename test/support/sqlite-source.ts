/** An SQLite source under test: opened through its port, with a connection of the application beside it. */
import { expect } from '@jest/globals';
import type Database from 'better-sqlite3';
import { openSource } from '../../engine/adapters/sqlite/source/source';
import { routeTable } from '../../engine/capture';
import type { ErrorCode } from '../../engine/errors';
import type { Consumer, Position, Source, TableRoute } from '../../engine/model';
import type { TemporaryFolder } from './sqlite';

/** What tests capture that don't care. */
export const TABLE = 'CREATE TABLE t (k INTEGER PRIMARY KEY, v)';

/** Closed after the test. */
export async function openIn(folder: TemporaryFolder, name = 'source.db', readOnly = false): Promise<Source> {
  return folder.closing(await openSource({ url: folder.url(name), readOnly }));
}

export async function routesOf(
  source: Source,
  names: readonly string[] = ['t'],
): Promise<readonly TableRoute[]> {
  const tables = await source.tables();
  return names.map((name) => {
    const table = tables.find((candidate) => candidate.name.name === name);
    if (table === undefined) throw new Error(`no table ${name}`);
    return routeTable(table, { to: null, columns: null }, true);
  });
}

export interface Installed {
  readonly db: Database.Database;
  readonly source: Source;
  readonly routes: readonly TableRoute[];
  readonly position: Position;
}

/** Captures tables for a consumer as setup does. */
export async function install(
  source: Source,
  names: readonly string[] = ['t'],
  consumer: { readonly uuid?: string; readonly reset?: boolean } = {},
): Promise<Consumer> {
  const { uuid = 'consumer', reset = false } = consumer;
  const routes = await routesOf(source, names);
  const tables = routes.map((route) => route.source);
  return source.install(tables, { uuid, name: uuid, now: 1_000, reset });
}

/** A fresh database `source.db` under capture. */
export async function installIn(
  folder: TemporaryFolder,
  sql = TABLE,
  names: readonly string[] = ['t'],
): Promise<Installed> {
  const db = folder.database('source.db', sql);
  const source = await openIn(folder);
  const { position } = await install(source, names);
  return { db, source, routes: await routesOf(source, names), position };
}

/** Matches an error by its code, and more of it. */
export function coded(code: ErrorCode, more: object = {}): unknown {
  return expect.objectContaining({ code, ...more });
}
