/**
 * The application: commits one new row at a time on the source and notes when each commit returned. It keeps to the
 * clock: a late commit does not delay the ones after it.
 */
import { z } from 'zod';
import { fillItems, openDatabase } from '../ground/items';
import { microsecondsNow, sleepBlocking } from '../measuring';
import { serve } from './serve';

const request = z.object({
  file: z.string(),
  first: z.number(),
  count: z.number(),
  /** Milliseconds from one commit to the next. */
  everyMs: z.number(),
});

let open: { readonly file: string; readonly db: ReturnType<typeof openDatabase> } | null = null;

serve((message) => {
  const { file, first, count, everyMs } = request.parse(message);
  if (open?.file !== file) {
    open?.db.close();
    open = { file, db: openDatabase(file) };
  }
  const { db } = open;
  const commits: [id: number, microseconds: number][] = [];
  const started = microsecondsNow();
  for (let index = 0; index < count; index++) {
    sleepBlocking((started - microsecondsNow()) / 1000 + index * everyMs);
    fillItems(db, first + index, 1);
    commits.push([first + index, microsecondsNow()]);
  }
  return commits;
});
