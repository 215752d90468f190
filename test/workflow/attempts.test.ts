/** The attempts of a worker, all of which end when it does. */
import { getEventListeners, getMaxListeners } from 'node:events';
import { expect, test } from '@jest/globals';
import { createAttempts } from '../../activities/attempts';
import { createShutdown } from '../../worker/shutdown';

test('as many pipelines as there are listen to the end of one worker, and none of them afterwards', async () => {
  const shutdown = createShutdown();
  const attempts = createAttempts();
  const ended = Array.from({ length: 20 }, (_, n) =>
    attempts.run(
      { name: `p${n}`, source: 's', target: 't' },
      'fetch',
      [shutdown.signal],
      (signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(n))),
    ),
  );
  await new Promise(setImmediate);
  expect(getEventListeners(shutdown.signal, 'abort')).toHaveLength(20);
  // Beyond it Node warns of a leak.
  expect(getMaxListeners(shutdown.signal)).toBe(Infinity);
  shutdown.abort();
  expect(await Promise.all(ended)).toHaveLength(20);
  await new Promise(setImmediate);
  expect(getEventListeners(shutdown.signal, 'abort')).toEqual([]);
});
