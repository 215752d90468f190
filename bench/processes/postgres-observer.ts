/** The reader: looks at the target about once a millisecond and notes when each row became visible. */
import { z } from 'zod';
import { withClient } from '../ground/postgres/client';
import { PG_ITEMS } from '../ground/postgres/items';
import { microsecondsNow, sleepBlocking } from '../measuring';
import { serve } from './serve';

const LOOK_EVERY_MS = 1;

const request = z.object({
  url: z.string(),
  /** Rows with greater ids are waited for. */
  after: z.number(),
  count: z.number(),
  timeoutMs: z.number(),
});

serve((message) => {
  const { url, after, count, timeoutMs } = request.parse(message);
  return withClient(url, async (client) => {
    const seen: [id: number, microseconds: number][] = [];
    const deadline = microsecondsNow() + timeoutMs * 1000;
    let last = after;
    while (seen.length < count && microsecondsNow() < deadline) {
      const { rows } = await client.query<[string]>({
        name: 'look',
        text: `SELECT id FROM ${PG_ITEMS} WHERE id > $1 ORDER BY id`,
        values: [last],
        rowMode: 'array',
      });
      const now = microsecondsNow();
      for (const [id] of rows) {
        last = Number(id);
        seen.push([last, now]);
      }
      sleepBlocking(LOOK_EVERY_MS);
    }
    return seen;
  });
});
