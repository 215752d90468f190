/** The reader, on any database: looks at the target about once a millisecond and notes when each row became visible. */
import { z } from 'zod';
import { ITEMS_TABLE, withAnyClient } from '../ground/pairs';
import { microsecondsNow, sleepBlocking } from '../measuring';
import { serve } from './serve';

const LOOK_EVERY_MS = 1;

const request = z.object({
  url: z.string(),
  /** Rows with greater ids are waited for; each was inserted after the one before it. */
  after: z.number(),
  count: z.number(),
  timeoutMs: z.number(),
});

serve((message) => {
  const { url, after, count, timeoutMs } = request.parse(message);
  return withAnyClient(url, async (client) => {
    const seen: [id: number, microseconds: number][] = [];
    const deadline = microsecondsNow() + timeoutMs * 1000;
    let last = after;
    while (seen.length < count && microsecondsNow() < deadline) {
      const highest = Number(await client.one(`SELECT max(id) FROM ${ITEMS_TABLE}`));
      const now = microsecondsNow();
      while (last < highest) seen.push([++last, now]);
      sleepBlocking(LOOK_EVERY_MS);
    }
    return seen;
  });
});
