/** What MySQL and MariaDB hold and another database has no type for, kept there as the text that it is here. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mysqlAdapter } from '../../engine/adapters/mysql';
import { postgresAdapter } from '../../engine/adapters/postgres';
import {
  connectTo,
  createScratchDatabase,
  describeEitherServer,
  select as selectMysql,
  type ScratchMysql,
} from '../support/mysql';
import { engineOver, REF, specOf, started } from '../support/pipelines';
import { connectTo as connectToPostgres, select } from '../support/postgres';
import { postgresPerTest } from '../support/postgres-scratch';

describeEitherServer('dates and times of no calendar', (server) => {
  const { scratch: scratchPostgres } = postgresPerTest();
  let source: ScratchMysql;

  beforeEach(async () => {
    source = await createScratchDatabase(server());
  });

  afterEach(() => source.drop());

  test('are texts on PostgreSQL where that type was chosen', async () => {
    const connection = await connectTo(source.url);
    try {
      for (const sql of [
        `SET SESSION sql_mode = ''`,
        'CREATE TABLE t (id INT PRIMARY KEY, day DATE, span TIME, at DATETIME(6))',
        `INSERT INTO t VALUES (1, '0000-00-00', '-838:59:59', '9999-12-31 23:59:59')`,
        `INSERT INTO t VALUES (2, '2024-02-00', '25:00:00', '2024-02-29 12:34:56.5')`,
      ]) {
        await selectMysql(connection, sql);
      }
    } finally {
      await connection.end();
    }
    const target = await scratchPostgres();
    const engine = engineOver(source.url, target.url, { others: [mysqlAdapter, postgresAdapter] });
    try {
      const pipeline = await engine.pipeline(REF);
      const asText = { type: 'text', lossy: false };
      await started(pipeline, specOf([{ from: 't', types: { day: asText, span: asText, at: asText } }]));
    } finally {
      await engine.close();
    }
    const client = await connectToPostgres(target.url);
    try {
      expect(await select(client, 'SELECT day, span, at FROM t ORDER BY id')).toEqual([
        ['0000-00-00', '-838:59:59', '9999-12-31 23:59:59.000000'],
        ['2024-02-00', '25:00:00', '2024-02-29 12:34:56.500000'],
      ]);
    } finally {
      await client.end();
    }
  });
});
