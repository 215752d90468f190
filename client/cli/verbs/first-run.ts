/** A pipeline on a schedule that has not run yet: nothing is set up that could be looked at. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CdcClientError, type PipelineReport } from '../..';
import type { Session } from '../session';

const LOOK_EVERY_MS = 500;

/**
 * Waits until the first run of a scheduled pipeline is set up, or until then (milliseconds since 1970) at the longest;
 * returns at once where none is due by then, and where there was one before.
 */
export async function untilFirstRun(session: Session, name: string, until: number): Promise<void> {
  if (session.spec(name).mode !== 'batch') return;
  const client = await session.client().catch(() => null);
  // Without a server, what is in the databases counts.
  if (client === null) return;
  const status = (): Promise<PipelineReport | null> =>
    client.status(name).catch((error: unknown) => {
      if (error instanceof CdcClientError && error.code === 'NOT_FOUND') return null;
      throw error;
    });
  const first = await status().catch(() => undefined);
  if (first === undefined || (first !== null && first.state !== 'starting')) return;
  const schedule = await client.schedules.show(name).catch(() => null);
  const due = schedule?.nextRunAt ?? schedule?.lastRun?.startedAt ?? null;
  if (due === null || due > until) return;
  while (Date.now() < until) {
    await sleep(Math.min(LOOK_EVERY_MS, Math.max(0, until - Date.now())));
    const now = await status().catch(() => null);
    if (now !== null && now.state !== 'starting') return;
  }
}
