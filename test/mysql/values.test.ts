/** Every type of the servers is read as it is: by snapshots from the table, by windows from its change table. */
import { expect, test } from '@jest/globals';
import { oneRange } from '../../engine';
import { assertSameRows, describeTuple, readChunk, replay } from '../../engine/contract/replay';
import { describeEitherServer } from '../support/mysql';
import { captureMysql } from '../support/mysql-captured';
import { mysqlFixture } from '../support/mysql-fixture';
import { mysqlTypeSamples } from '../support/mysql-types';

describeEitherServer('Values', (server, flavour) => {
  const fixture = mysqlFixture(server, flavour);
  test.each(mysqlTypeSamples(flavour).map((sample) => [sample.declaration, sample.literals] as const))(
    'of %s are the same from the change table, the snapshot and a scan',
    async (declaration, literals) => {
      const { client, source, start, routes, end } = await captureMysql(
        server(),
        fixture.createSampleTable('samples', declaration),
      );
      try {
        const all = await routes();
        for (const [index, literal] of [...literals, 'NULL'].entries()) {
          await client.query(`INSERT INTO samples VALUES (${index}, ${literal})`);
        }
        const { replica } = await replay(source, all, start, 2);
        expect(replica.get('samples')?.size).toBe(literals.length + 1);
        await assertSameRows(source, all, replica);
        const range = { table: 'samples', after: null, replace: false };
        const chunk = await readChunk(source, all, await source.head(), 10, oneRange(range, 100));
        expect(chunk.ranges.flatMap(({ rows }) => rows.map(describeTuple)).sort()).toEqual(
          [...(replica.get('samples')?.values() ?? [])].map(describeTuple).sort(),
        );
      } finally {
        await end();
      }
    },
  );

  test('of FLOAT and DOUBLE keep the sign of zero where the server does', async () => {
    const { client, source, start, routes, end } = await captureMysql(server(), [
      `CREATE TABLE zeros (id INT PRIMARY KEY, single FLOAT, large DOUBLE) ENGINE = InnoDB`,
    ]);
    try {
      await client.query('INSERT INTO zeros VALUES (1, -0e0, -0e0)');
      const zero = flavour === 'mysql' ? -0 : 0;
      const all = await routes();
      const { replica } = await replay(source, all, start, 10);
      expect([...(replica.get('zeros')?.values() ?? [])]).toEqual([[1n, zero, zero]]);
      await assertSameRows(source, all, replica);
    } finally {
      await end();
    }
  });

  test('come as the model has them', async () => {
    const { client, source, start, routes, end } = await captureMysql(server(), [
      `CREATE TABLE kinds (id INT PRIMARY KEY, big BIGINT UNSIGNED, exact DECIMAL(65,30), single FLOAT, flag BIT(1), bits BIT(9),
         bytes BINARY(3), moment TIMESTAMP(3) NULL, span TIME(6), y YEAR, choice ENUM('a','') , doc JSON) ENGINE = InnoDB`,
    ]);
    try {
      await client.query(`SET sql_mode = ''`);
      await client.query(
        `INSERT INTO kinds VALUES (1, 18446744073709551615, '0.000000000000000000000000000001', 1.1, 1, 257, X'00ff',
           '2026-02-28 12:00:00.5', '-838:59:58.000001', 2155, '', '"x"'), (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'z', NULL)`,
      );
      const { replica } = await replay(source, await routes(), start, 10);
      const [first, second] = [...(replica.get('kinds')?.values() ?? [])];
      expect(first).toEqual([
        1n,
        18446744073709551615n,
        '0.000000000000000000000000000001',
        1.1,
        true,
        257n,
        new Uint8Array([0, 255, 0]),
        '2026-02-28 12:00:00.500+00',
        '-838:59:58.000001',
        2155n,
        '',
        '"x"',
      ]);
      // What is no member of an ENUM is not taken for its empty one.
      expect(second?.[10]).toBe('\udcff\udc30');
    } finally {
      await end();
    }
  });
});
