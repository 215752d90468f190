/** Capture by a column while others write: what is committed late arrives. */
import { expect, test } from '@jest/globals';
import { mysqlAdapter } from '../../engine/adapters/mysql';
import { blinded, replicateLate, replicateWriters } from '../support/keyset-pipelines';
import { describeEitherServer } from '../support/mysql';
import { mysqlFixture } from '../support/mysql-fixture';
import { folderPerTest } from '../support/sqlite';

const folder = folderPerTest();

const TABLES = [
  `CREATE TABLE accounts (id INT PRIMARY KEY, n INT NOT NULL, updated_at TIMESTAMP(6) NOT NULL, INDEX (updated_at))
     ENGINE = InnoDB`,
];

describeEitherServer('Capture by a column', (server, flavour) => {
  const scene = async (adapter = mysqlAdapter) => {
    const database = folder.closing(closable(await mysqlFixture(server, flavour).createDatabase()));
    return { adapter, database, folder, tables: TABLES };
  };

  test('a transaction held open while later ones are replicated is not lost', async () => {
    const [source, target] = await replicateLate(await scene());
    expect(target).toBe(source);
  });

  test('without what is open it would be', async () => {
    const [source, target] = await replicateLate(await scene(blinded(mysqlAdapter)));
    expect(target).not.toBe(source);
  });

  test('four writers that hold transactions open end with equal sides', async () => {
    const [source, target] = await replicateWriters(await scene(), { seed: 1, ms: 6_000 });
    expect(target).toBe(source);
  });
});

function closable<T extends { dispose(): Promise<void> }>(database: T): T & { close(): Promise<void> } {
  return { ...database, close: () => database.dispose() };
}
