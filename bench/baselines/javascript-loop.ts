/**
 * The plain loop: read 50,000 changes, keep the last per key in a Map, write them with prepared statements in one
 * transaction, go on. No fencing, no thread, no integers beyond 2^53; its progress is one row.
 */
import Database from 'better-sqlite3';
import { stopwatch } from '../measuring';

/**
 * How the loop reads. `objects`: `SELECT *`, a row is an object, as one writes it. `arrays`: only the columns that are
 * needed, a row is an array, as one writes it after having measured.
 */
export type LoopReading = 'objects' | 'arrays';

export interface LoopRun {
  readonly source: string;
  readonly target: string;
  readonly changeTable: string;
  readonly table: string;
  /** The first one is the key. */
  readonly columns: readonly string[];
  /** Changes up to this id have been applied before. */
  readonly after: number;
  readonly batch: number;
  readonly reading: LoopReading;
}

export interface LoopResult {
  readonly changes: number;
  /** Opening and closing left out. */
  readonly milliseconds: number;
}

/** Net changes: the row's values by key, null for a key that is gone. */
type Net = Map<unknown, readonly unknown[] | null>;

/** A batch of changes in memory; null when there is none. */
interface Batch {
  readonly net: Net;
  readonly changes: number;
  readonly last: number;
}

type ReadBatch = (after: number) => Batch | null;

/** Applies all changes. */
export function runJavaScriptLoop(run: LoopRun): LoopResult {
  const source = new Database(run.source, { readonly: true });
  const target = new Database(run.target);
  try {
    target.pragma('journal_mode = WAL');
    target.pragma('synchronous = NORMAL');
    target.pragma('foreign_keys = OFF');
    target.exec('CREATE TABLE IF NOT EXISTS loop_progress (one INTEGER PRIMARY KEY, id INTEGER)');
    const elapsed = stopwatch();
    const read = run.reading === 'objects' ? objectReader(source, run) : arrayReader(source, run);
    const changes = applyAll(read, target, run);
    return { changes, milliseconds: elapsed() };
  } finally {
    source.close();
    target.close();
  }
}

function applyAll(read: ReadBatch, target: Database.Database, { table, columns, after }: LoopRun): number {
  const [key = ''] = columns;
  const updates = columns.slice(1).map((column) => `${column} = excluded.${column}`);
  const upsert = target.prepare(
    `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})
     ON CONFLICT (${key}) DO UPDATE SET ${updates.join(', ')}`,
  );
  const remove = target.prepare(`DELETE FROM ${table} WHERE ${key} = ?`);
  const save = target.prepare('INSERT OR REPLACE INTO loop_progress (one, id) VALUES (1, ?)');
  const apply = target.transaction(({ net, last }: Batch) => {
    for (const [id, row] of net) {
      if (row === null) remove.run(id);
      else upsert.run(row);
    }
    save.run(last);
  });

  let total = 0;
  let batch = read(after);
  while (batch !== null) {
    apply(batch);
    total += batch.changes;
    batch = read(batch.last);
  }
  return total;
}

function objectReader(source: Database.Database, { changeTable, columns, batch }: LoopRun): ReadBatch {
  const statement = source.prepare<
    [number, number],
    { readonly id: number; readonly op: string; readonly [column: string]: unknown }
  >(`SELECT * FROM ${changeTable} WHERE id > ? ORDER BY id LIMIT ?`);
  const oldKey = `old_${columns[0] ?? ''}`;
  const newKey = `new_${columns[0] ?? ''}`;
  const newColumns = columns.map((column) => `new_${column}`);
  return (after) => {
    const rows = statement.all(after, batch);
    const last = rows.at(-1);
    if (last === undefined) return null;
    const byKey = new Map<unknown, (typeof rows)[number] | null>();
    for (const row of rows) {
      if (row.op === 'delete') byKey.set(row[oldKey], null);
      else byKey.set(row[newKey], row);
    }
    const net: Net = new Map();
    for (const [key, row] of byKey) {
      net.set(key, row === null ? null : newColumns.map((column) => row[column]));
    }
    return { net, changes: rows.length, last: last.id };
  };
}

function arrayReader(source: Database.Database, { changeTable, columns, batch }: LoopRun): ReadBatch {
  const statement = source
    .prepare<[number, number], [id: number, op: string, oldKey: unknown, ...row: unknown[]]>(
      `SELECT id, op, old_${columns[0] ?? ''}, ${columns.map((column) => `new_${column}`).join(', ')}
       FROM ${changeTable} WHERE id > ? ORDER BY id LIMIT ?`,
    )
    .raw(true);
  return (after) => {
    const rows = statement.all(after, batch);
    const last = rows.at(-1);
    if (last === undefined) return null;
    const net: Net = new Map();
    for (const [, op, oldKey, ...row] of rows) {
      if (op === 'delete') net.set(oldKey, null);
      else net.set(row[0], row);
    }
    return { net, changes: rows.length, last: last[0] };
  };
}
