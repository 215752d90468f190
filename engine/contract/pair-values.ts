/** Cases: values arrive as they are, on every way, through snapshot and window. */
import assert from 'node:assert/strict';
import { contractCase } from './contract-case';
import type { ContractCase } from './contract-case';
import type { TypeSample } from './fixture';
import type { ContractOptions } from './options';
import { assertSameTables, move, pairWith, WAYS } from './pair-scene';
import { installFor, routesOf } from './scene';

const SAMPLES = 'samples';

export function pairValueCases(options: ContractOptions): readonly ContractCase[] {
  return options.fixture.typeSamples.flatMap((sample) =>
    WAYS.map((way) => {
      const type = sample.declaration === '' ? 'columns without a type' : sample.declaration;
      return contractCase(options, `values of ${type} arrive as they are (${way})`, async (scene) => {
        const database = await scene.database();
        await database.execute(
          ...options.fixture.createSampleTable(SAMPLES, sample.declaration),
          ...inserts(sample, 0),
        );
        const source = await scene.source(database);
        const routes = await routesOf(source, [{ name: SAMPLES }]);
        const consumer = await installFor(source, routes);
        const captured = { database, source, routes, consumer, start: consumer.position };
        const pair = await pairWith(scene, captured, way);
        const snapshot = { routes, limit: 2, replace: false };
        const { to } = await move(pair, { from: captured.start, limit: 100, snapshot });
        await assertSameTables(pair);

        const rows = sample.literals.length + 1;
        await database.execute(
          ...inserts(sample, 1000),
          // Every value once more, over another one: an update must not be netted away by an equality of the dialect.
          ...turned(sample).map((literal, n) => `UPDATE ${SAMPLES} SET value = ${literal} WHERE id = ${n}`),
        );
        const { chunks } = await move(pair, { from: to, limit: 3 });
        await assertSameTables(pair);
        assert.equal((await pair.targetDatabase.dump(SAMPLES)).length, 2 * rows);
        assert.ok(chunks.length > 0);
      });
    }),
  );
}

function literals(sample: TypeSample): readonly string[] {
  return ['NULL', ...sample.literals];
}

/** Each value in another one's place. */
function turned(sample: TypeSample): readonly string[] {
  const [head, ...rest] = literals(sample);
  return [...rest, head ?? 'NULL'];
}

function inserts(sample: TypeSample, from: number): readonly string[] {
  return literals(sample).map(
    (literal, n) => `INSERT INTO ${SAMPLES} (id, value) VALUES (${from + n}, ${literal})`,
  );
}
