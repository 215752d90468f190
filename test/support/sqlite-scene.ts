/** A pipeline between two SQLite files with a client of its own, for tests that bring worker processes. */
import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import type Database from 'better-sqlite3';
import { type CdcClient, createCdcClient } from '../../client';
import { DEFAULT_SETTINGS, type PipelineSpec } from '../../engine';
import type { TemporaryFolder } from './sqlite';
import { dumpTable } from './sqlite-dump';
import { cleanup, connectTemporal, endWorkflow, until } from './workflow-bench';

const SCHEMA = `
  CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT NOT NULL, total REAL, note TEXT);
  CREATE TABLE tags (order_id INTEGER NOT NULL, tag TEXT NOT NULL, PRIMARY KEY (order_id, tag)) WITHOUT ROWID;
`;
const TABLES = ['orders', 'tags'];

export interface SqliteScene {
  readonly client: CdcClient;
  readonly temporal: Client;
  readonly name: string;
  readonly taskQueue: string;
  readonly spec: PipelineSpec;
  readonly connections: Readonly<Record<string, string>>;
  readonly source: Database.Database;
  readonly target: Database.Database;
}

/** Two databases, whose tables are on the source only, and a client; no worker yet. */
export async function sqliteScene(folder: TemporaryFolder): Promise<SqliteScene> {
  const temporal = await connectTemporal();
  const name = `p-${randomUUID().slice(0, 8)}`;
  cleanup(() => endWorkflow(temporal, name));
  const taskQueue = `q-${name}`;
  return {
    client: createCdcClient(temporal, { taskQueue }),
    temporal,
    name,
    taskQueue,
    spec: {
      name,
      source: 'shop',
      target: 'warehouse',
      capture: 'trigger',
      mode: 'continuous',
      tables: TABLES.map((from) => ({ from, to: null, columns: null })),
      settings: DEFAULT_SETTINGS,
    },
    connections: { shop: folder.url('shop.db'), warehouse: folder.url('warehouse.db') },
    source: folder.database('shop.db', SCHEMA),
    target: folder.database('warehouse.db'),
  };
}

export function isEqual({ source, target }: SqliteScene): boolean {
  const sorted = (database: Database.Database, table: string): string =>
    dumpTable(database, table).sort().join('\n');
  return TABLES.every((table) => sorted(source, table) === sorted(target, table));
}

/** Writes a few rows every few milliseconds until it is told to end. */
export function keepWriting({ source }: SqliteScene): () => void {
  let id = 0;
  const insert = source.prepare('INSERT INTO orders VALUES (?, ?, ?, ?)');
  const update = source.prepare('UPDATE orders SET total = total + 1 WHERE id = ?');
  const remove = source.prepare('DELETE FROM orders WHERE id = ?');
  const write = source.transaction(() => {
    for (let row = 0; row < 20; row++) {
      id += 1;
      insert.run(id, `customer ${id % 7}`, id / 4, null);
      update.run(Math.ceil(id / 2));
      if (id % 5 === 0) remove.run(Math.ceil(id / 3));
    }
  });
  const timer = setInterval(() => write(), 5);
  const end = (): void => clearInterval(timer);
  cleanup(end);
  return end;
}

export async function untilRowsArrive({ target }: SqliteScene): Promise<void> {
  await until('rows arrive', () => target.prepare('SELECT 1 FROM orders LIMIT 1').get() !== undefined);
}
