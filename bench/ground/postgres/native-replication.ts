/** PostgreSQL's own logical replication of the benchmarks' table, by a slot that is made for each run. */
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, execute, selectOne, withClient } from './client';
import { PG_ITEMS } from './items';

const NAME = 'native';
/** Each look takes processor time from what is measured. */
const LOOK_EVERY_MS = 20;

export interface NativeReplication {
  /** Stops applying; what is written meanwhile waits in the slot. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Removes slot, subscription and publication. */
  end(): Promise<void>;
}

/** Both tables exist, the target's is empty. Answers once it holds what the source's does. */
export async function startNativeReplication(
  source: string,
  target: string,
  timeoutMs: number,
): Promise<NativeReplication> {
  await execute(source, `CREATE PUBLICATION ${NAME} FOR TABLE ${PG_ITEMS}`);
  await execute(target, `CREATE SUBSCRIPTION ${NAME} CONNECTION '${source}' PUBLICATION ${NAME}`);
  await untilAnswer(target, `SELECT bool_and(srsubstate = 'r') FROM pg_subscription_rel`, 't', timeoutMs);
  return {
    async pause() {
      await execute(target, `ALTER SUBSCRIPTION ${NAME} DISABLE`);
      await untilAnswer(source, `SELECT bool_or(active) FROM pg_replication_slots`, 'f', timeoutMs);
    },
    resume: () => execute(target, `ALTER SUBSCRIPTION ${NAME} ENABLE`),
    async end() {
      await execute(target, `DROP SUBSCRIPTION ${NAME}`);
      await execute(source, `DROP PUBLICATION ${NAME}`);
    },
  };
}

/** Resolves once the row is there. Throws when it takes longer than `timeoutMs`. */
export async function untilItemVisible(url: string, id: number, timeoutMs: number): Promise<void> {
  await untilAnswer(url, `SELECT true FROM ${PG_ITEMS} WHERE id = ${id}`, 't', timeoutMs);
}

async function untilAnswer(url: string, sql: string, wanted: string, timeoutMs: number): Promise<void> {
  const client = await connect(url);
  try {
    const deadline = Date.now() + timeoutMs;
    while ((await selectOne(client, sql)) !== wanted) {
      if (Date.now() > deadline) throw new Error(`Not done within ${timeoutMs / 1000} s`);
      await sleep(LOOK_EVERY_MS);
    }
  } finally {
    await client.end();
  }
}

/** What was written before costs nobody anything any more. */
export async function settleServer(...urls: readonly string[]): Promise<void> {
  for (const url of urls) {
    await withClient(url, async (client) => {
      await client.query('VACUUM (ANALYZE)');
      await client.query('CHECKPOINT');
    });
  }
}
