/**
 * The application: commits one new row at a time on the source and notes when each commit returned. It keeps to the
 * clock: a late commit does not delay the ones after it.
 */
import type { Client } from 'pg';
import { z } from 'zod';
import { connect } from '../ground/postgres/client';
import { insertItem } from '../ground/postgres/items';
import { microsecondsNow, sleepBlocking } from '../measuring';
import { serve } from './serve';

const request = z.object({
  url: z.string(),
  first: z.number(),
  count: z.number(),
  /** Milliseconds from one commit to the next. */
  everyMs: z.number(),
});

let open: { readonly url: string; readonly client: Client } | null = null;

serve(async (message) => {
  const { url, first, count, everyMs } = request.parse(message);
  if (open?.url !== url) {
    await open?.client.end();
    open = { url, client: await connect(url) };
  }
  const { client } = open;
  const commits: [id: number, microseconds: number][] = [];
  const started = microsecondsNow();
  for (let index = 0; index < count; index++) {
    sleepBlocking((started - microsecondsNow()) / 1000 + index * everyMs);
    await client.query({ name: 'insert', text: insertItem('$1'), values: [first + index] });
    commits.push([first + index, microsecondsNow()]);
  }
  return commits;
});
