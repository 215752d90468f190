/** A target of MySQL or MariaDB that rows are merged into, with what was set aside. */
import type { MergeOptions, RowSet, SetAside, TableRoute, Target } from '../../engine';
import { openTarget } from '../../engine/adapters/mysql/target/target';
import { mysqlFixture } from './mysql-fixture';
import { connectTo, select } from './mysql';
import type { Flavour } from './mysql-programs';
import { sqliteRoute } from './postgres-merge';
import { stage } from './target-cases';
import type { ScratchDatabase } from '../../engine/contract';

export interface MergeScene {
  readonly database: ScratchDatabase;
  readonly target: Target;
  /** Stages and merges in a transaction of its own. */
  readonly merge: (sets: readonly RowSet[], options?: MergeOptions) => Promise<readonly SetAside[]>;
  /** Rows as JSON of texts, in the order of the first column. */
  readonly rows: (table: string) => Promise<readonly string[]>;
  close(): Promise<void>;
}

export async function openMergeScene(
  server: string,
  flavour: Flavour,
  ...statements: readonly string[]
): Promise<MergeScene> {
  const database = await mysqlFixture(() => server, flavour).createDatabase();
  await database.execute(...statements);
  const target = await openTarget({ url: database.url, readOnly: false, create: false });
  await target.installObjects();
  const client = await connectTo(database.url);
  return {
    database,
    target,
    async merge(sets, options) {
      const chunk = await stage(target, sets);
      return target.transaction(chunk, (tx) => tx.merge(chunk, options));
    },
    rows: async (table) =>
      (await select(client, `SELECT * FROM ${table} ORDER BY 1`)).map((row) => JSON.stringify(row)),
    async close() {
      client.destroy();
      await target.close();
      await database.dispose();
    },
  };
}

/** A route from a table of SQLite: names of columns with their declared types, the first being the key. */
export function dynamicRoute(table: string, columns: Readonly<Record<string, string>>): TableRoute {
  return { ...sqliteRoute(table, columns), target: { schema: null, name: table } };
}
