/** Numbers of single precision: whichever server holds one, it comes as the same number. */
import { expect, test } from '@jest/globals';
import { oneRange } from '../../engine';
import { readChunk } from '../../engine/contract/replay';
import { describeEitherServer, select as selectMysql } from '../support/mysql';
import { captureMysql } from '../support/mysql-captured';
import { connectTo, select, sharedServer } from '../support/postgres';
import { randomNumbers } from '../support/random-numbers';

const SEED = 20_260_228;
const MANY = 3_000;

/** Any bits, the smallest numbers, and large ones with fractions, which lie halfway between two of few digits. */
function someNumbers(): readonly number[] {
  const random = randomNumbers(SEED);
  const view = new DataView(new ArrayBuffer(4));
  const numbers = new Set([1.1, 2 ** -149, 2 ** -126, 33_554_432, 1_050_744_832, 1_705_658.25]);
  while (numbers.size < MANY) {
    const fraction = random.below(2 ** 23);
    const exponent = [random.below(255), 0, 147 + random.below(12)][numbers.size % 3] ?? 0;
    view.setUint32(0, exponent * 2 ** 23 + fraction);
    numbers.add(view.getFloat32(0));
  }
  return [...numbers];
}

const RANGE = { table: 'numbers', after: null, replace: false };

describeEitherServer('Numbers of single precision', (server) => {
  test('are read as PostgreSQL writes them', async () => {
    const numbers = someNumbers();
    const { source, routes, end } = await captureMysql(server(), [
      'CREATE TABLE numbers (id INT PRIMARY KEY, value FLOAT) ENGINE = InnoDB',
      `INSERT INTO numbers VALUES ${numbers.map((number, n) => `(${n}, ${number.toExponential()})`).join(', ')}`,
    ]);
    const postgres = await connectTo(sharedServer());
    try {
      const chunk = await readChunk(source, await routes(), await source.head(), 10, oneRange(RANGE, MANY));
      const written = await select(
        postgres,
        'SELECT value::real::text FROM unnest($1::float8[]) WITH ORDINALITY AS t (value, place) ORDER BY place',
        [numbers.map(String)],
      );
      expect(chunk.ranges[0]?.rows.map(([, value]) => value)).toEqual(written.map(([text]) => Number(text)));
    } finally {
      await postgres.end();
      await end();
    }
  });

  test('keep the sign of zero where the server does', async () => {
    const { client, source, routes, end } = await captureMysql(server(), [
      'CREATE TABLE numbers (id INT PRIMARY KEY, value FLOAT) ENGINE = InnoDB',
      'INSERT INTO numbers VALUES (1, -0e0)',
    ]);
    try {
      const [shown] = await selectMysql(client, 'SELECT CONCAT(value) FROM numbers');
      const chunk = await readChunk(source, await routes(), await source.head(), 10, oneRange(RANGE, 1));
      expect(chunk.ranges[0]?.rows[0]?.[1]).toBe(shown?.[0] === '-0' ? -0 : 0);
    } finally {
      await end();
    }
  });
});
