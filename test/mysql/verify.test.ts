/** A comparison of two databases of MySQL or MariaDB while writes go on, and the repair of what it found. */
import { afterEach } from '@jest/globals';
import { mysqlAdapter } from '../../engine/adapters/mysql';
import { createScratchDatabase, describeEitherServer } from '../support/mysql';
import { engineOver, REF, specOf, started } from '../support/pipelines';
import { findsAndMends } from '../support/verify-cases';

const steps: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const step of steps.splice(0).reverse()) await step();
});

describeEitherServer('verify between databases', (server) => {
  findsAndMends(async (rows) => {
    const [here, there] = [await createScratchDatabase(server()), await createScratchDatabase(server())];
    steps.push(
      () => here.drop(),
      () => there.drop(),
    );
    const [app, client] = [await here.connect(), await there.connect()];
    await app.query(
      `CREATE TABLE items (id INT PRIMARY KEY, note VARCHAR(100), amount DECIMAL(20, 4), at DATETIME(6), raw VARBINARY(100), n INT)`,
    );
    for (let from = 1; from <= rows; from += 1_000) {
      const tuples = Array.from({ length: Math.min(1_000, rows - from + 1) }, (_, place) => {
        const id = String(from + place);
        const note = id === '4' ? '' : `note ${id}`;
        return `(${id}, '${note}', 1234567.8901, '2026-01-02 03:04:05.678901', 'bytes ${id}', 0)`;
      });
      await app.query(`INSERT INTO items VALUES ${tuples.join(', ')}`);
    }
    const open = async () => {
      const engine = engineOver(here.url, there.url, { adapter: mysqlAdapter });
      steps.push(() => engine.close());
      return engine.pipeline(REF);
    };
    const worker = await open();
    const { generation } = await started(worker, specOf(['items']));
    return {
      scene: {
        worker,
        reader: await open(),
        generation,
        table: 'items',
        rows,
        onSource: async (sql) => {
          await app.query(sql);
        },
        onTarget: async (sql) => {
          await client.query(sql);
        },
      },
      raw: `'bytes 4'`,
      at: `at + INTERVAL 1 MICROSECOND`,
    };
  });
});
