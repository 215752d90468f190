/** The application, on any database: commits one new row at a time, by the clock, and notes when each commit returned. */
import { z } from 'zod';
import { insertItemsSql, openClient, type AnyClient } from '../ground/pairs';
import { microsecondsNow, sleepBlocking } from '../measuring';
import { serve } from './serve';

const request = z.object({
  url: z.string(),
  first: z.number(),
  count: z.number(),
  /** Milliseconds from one commit to the next. */
  everyMs: z.number(),
});

let open: { readonly url: string; readonly client: AnyClient } | null = null;

serve(async (message) => {
  const { url, first, count, everyMs } = request.parse(message);
  if (open?.url !== url) {
    await open?.client.end();
    open = { url, client: await openClient(url) };
  }
  const { client } = open;
  const commits: [id: number, microseconds: number][] = [];
  const started = microsecondsNow();
  for (let index = 0; index < count; index++) {
    sleepBlocking((started - microsecondsNow()) / 1000 + index * everyMs);
    await client.run(insertItemsSql(first + index, first + index));
    commits.push([first + index, microsecondsNow()]);
  }
  return commits;
});
