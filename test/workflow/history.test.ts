import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { cleanup, startScripted } from '../support/workflow-bench';

const LONG = process.env['CDC_LONG'] === '1';

/** Two rounds and a bit; the long test looks at whole minutes. */
const WATCH_MS = LONG ? 120_000 : 21_000;

describe('the history of a pipeline', () => {
  test('grows by few events a minute, whatever the rate of changes', async () => {
    const rates = [
      { perSecond: 0, most: 60 },
      { perSecond: 0.5, most: 200 },
      { perSecond: 1, most: 200 },
      { perSecond: 5, most: 200 },
      { perSecond: 500, most: 200 },
    ];
    const figures = await Promise.all(
      rates.map(async ({ perSecond, most }) => {
        const { client, engine, name, spec, temporal } = await startScripted();
        const handle = temporal.workflow.getHandle(`cdc:${name}`);
        const length = async (): Promise<number> => (await handle.describe()).historyLength;
        await client.start(spec({}, { roundMs: 10_000 }));
        if (perSecond > 0) {
          const changes = Math.max(1, perSecond / 20);
          const writer = setInterval(() => engine.write(changes), (changes * 1000) / perSecond);
          cleanup(() => clearInterval(writer));
        }
        // The first round is begun, or over where there is nothing to do.
        await sleep(11_500);
        const before = await length();
        await sleep(WATCH_MS);
        return { perSecond, most, perMinute: (((await length()) - before) * 60_000) / WATCH_MS };
      }),
    );
    console.log(
      figures.map((each) => `${each.perSecond}/s: ${each.perMinute.toFixed(0)} a minute`).join(', '),
    );
    for (const { perMinute, most } of figures) expect(perMinute).toBeLessThanOrEqual(most);
  });
});
