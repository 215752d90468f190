/**
 * The reader: looks at the target about four times a millisecond and notes when each row became visible. Between
 * looks it sleeps, so that it takes next to nothing of the processors.
 */
import Database from 'better-sqlite3';
import { z } from 'zod';
import { ITEMS } from '../ground/items';
import { microsecondsNow, sleepBlocking } from '../measuring';
import { serve } from './serve';

const LOOK_EVERY_MS = 0.25;

const request = z.object({
  file: z.string(),
  /** Rows with greater ids are waited for. */
  after: z.number(),
  count: z.number(),
  timeoutMs: z.number(),
});

serve((message) => {
  const { file, after, count, timeoutMs } = request.parse(message);
  const db = new Database(file, { readonly: true });
  try {
    const version = db.prepare<[], number>('PRAGMA data_version').pluck();
    const rows = db.prepare<[number], number>(`SELECT id FROM ${ITEMS} WHERE id > ? ORDER BY id`).pluck();
    const seen: [id: number, microseconds: number][] = [];
    const deadline = microsecondsNow() + timeoutMs * 1000;
    let last = after;
    let known: number | undefined;
    while (seen.length < count && microsecondsNow() < deadline) {
      const current = version.get();
      if (current === known) {
        sleepBlocking(LOOK_EVERY_MS);
        continue;
      }
      known = current;
      const visible = rows.all(last);
      const now = microsecondsNow();
      for (const id of visible) seen.push([id, now]);
      last = visible.at(-1) ?? last;
    }
    return seen;
  } finally {
    db.close();
  }
});
