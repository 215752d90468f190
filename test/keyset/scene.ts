/** A shop in a SQLite file that is captured by a column, and its replica. */
import { expect } from '@jest/globals';
import type Database from 'better-sqlite3';
import type { KeysetCapture, Pipeline, PipelineSpec } from '../../engine';
import { engineOver, REF, specOf } from '../support/pipelines';
import type { TemporaryFolder } from '../support/sqlite';
import { dumpTable } from '../support/sqlite-dump';

export const TIMESTAMP: KeysetCapture = {
  by: 'timestamp',
  column: 'updated_at',
  lookbackMs: null,
  allowScan: false,
  deleted: null,
  per: 'table',
  sweepMs: null,
};
export const VERSION: KeysetCapture = { ...TIMESTAMP, by: 'version', column: 'row_version' };

export const TABLE = `CREATE TABLE orders (
  id INTEGER PRIMARY KEY, note TEXT, updated_at TEXT NOT NULL, row_version INTEGER NOT NULL);`;
export const SCHEMA = `${TABLE}
  CREATE INDEX orders_updated_at ON orders (updated_at);
  CREATE INDEX orders_row_version ON orders (row_version);`;
export const NOW = `strftime('%Y-%m-%d %H:%M:%f', 'now')`;
export const NEXT = '(SELECT coalesce(max(row_version), 0) + 1 FROM orders)';

export interface Scene {
  readonly source: Database.Database;
  readonly target: Database.Database;
  readonly spec: PipelineSpec;
  /** A handle of a process of its own. */
  open(): Promise<Pipeline>;
}

export function sceneIn(
  folder: TemporaryFolder,
  capture: KeysetCapture,
  schema = SCHEMA,
  tables: readonly string[] = ['orders'],
): Scene {
  const source = folder.database('shop.db', schema);
  const target = folder.database('warehouse.db');
  return {
    source,
    target,
    spec: { ...specOf(tables), capture },
    async open() {
      const engine = folder.closing(engineOver(folder.url('shop.db'), folder.url('warehouse.db')));
      return engine.open({ ...REF, capture }).then((pipeline) => folder.closing(pipeline));
    },
  };
}

export function expectEqual({ source, target }: Scene): void {
  expect(dumpTable(target, 'orders')).toEqual(dumpTable(source, 'orders'));
}

export function insert({ source }: Scene, from: number, to: number): void {
  source.exec(`WITH RECURSIVE n (i) AS (SELECT ${from} UNION ALL SELECT i + 1 FROM n WHERE i < ${to})
    INSERT INTO orders SELECT i, 'order ' || i, ${NOW}, i + ${NEXT} FROM n`);
}
