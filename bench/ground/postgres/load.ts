/** How much of a processor the product takes: its worker, and the servers' processes that work for it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { processorMilliseconds } from '../../measuring';
import { withClient } from './client';

export interface Load {
  /** Percent of one core. */
  readonly worker: number;
  readonly source: number;
  readonly target: number;
}

/** Watches for `seconds`; URLs of the two databases. */
export async function measureLoad(
  worker: number,
  source: string,
  target: string,
  seconds: number,
): Promise<Load> {
  const pids = {
    worker: [worker],
    source: await productBackends(source),
    target: await productBackends(target),
  };
  const time = (of: readonly number[]): number =>
    of.reduce((sum, pid) => sum + processorMilliseconds(pid), 0);
  const before = { worker: time(pids.worker), source: time(pids.source), target: time(pids.target) };
  const began = performance.now();
  await sleep(seconds * 1000);
  const took = performance.now() - began;
  const share = (of: keyof Load): number => (100 * (time(pids[of]) - before[of])) / took;
  const load = { worker: share('worker'), source: share('source'), target: share('target') };
  for (const [side, url] of [
    ['source', source],
    ['target', target],
  ] as const) {
    const now = await productBackends(url);
    if (pids[side].some((pid) => !now.includes(pid))) throw new Error(`A connection to the ${side} was lost`);
  }
  return load;
}

export function totalLoad({ worker, source, target }: Load): number {
  return worker + source + target;
}

/** Process ids of the server's processes that serve the product. */
async function productBackends(url: string): Promise<readonly number[]> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ readonly pid: number }>(
      `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'temporal-cdc%'`,
    );
    return rows.map(({ pid }) => pid);
  });
}
