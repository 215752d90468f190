import { describe, expect, test } from '@jest/globals';
import { EXPECTED_EVENTS, MUTATIONS, formatCoverage, runBatch, runSeed, traceSeed } from '.';

const long = process.env['CDC_LONG'] === '1';

/** Seeds of the engine as it is. */
const SEEDS = long ? 100_000 : 2_000;

/** Every mutation must be caught within so many seeds of worlds in which it can show. */
const MUTATION_SEEDS = 2_000;

const TIMEOUT_MS = long ? 60 * 60_000 : 10 * 60_000;

describe('the engine in a simulated world', () => {
  test(
    `keeps its promises through ${String(SEEDS)} seeds, in which all that can go wrong does`,
    async () => {
      const { failures, coverage, ran } = await runBatch({ from: 0, count: SEEDS, stopAtFirst: true });
      const [failure] = failures;
      if (failure !== undefined) {
        const trace = await traceSeed(failure.seed, null, 60);
        throw new Error(`Seed ${String(failure.seed)}: ${failure.violation.message}\n${trace.join('\n')}`);
      }
      process.stderr.write(`${formatCoverage(coverage, ran)}\n`);
      expect(EXPECTED_EVENTS.filter((event) => !coverage.has(event))).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test('does the same again with the same seed', async () => {
    const tell = (seed: number): Promise<readonly string[]> => traceSeed(seed, null, Infinity);
    for (const seed of [7, 8, 9]) {
      const trace = await tell(seed);
      expect(trace.length).toBeGreaterThan(100);
      expect(await tell(seed)).toEqual(trace);
    }
    expect(await tell(7)).not.toEqual(await tell(8));
  });
});

describe('without one of its rules', () => {
  test.each([...MUTATIONS])(
    '%s breaks a promise',
    async (_name, mutation) => {
      const { failures } = await runBatch({
        from: 0,
        count: 100_000,
        mutation,
        stopAtFirst: true,
        most: MUTATION_SEEDS,
      });
      const [failure] = failures;
      if (failure === undefined) throw new Error(`Not caught in ${String(MUTATION_SEEDS)} seeds`);
      // The very seed passes with the rule.
      expect((await runSeed({ seed: failure.seed })).violation).toBeNull();
    },
    TIMEOUT_MS,
  );
});
