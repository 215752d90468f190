/** The life of one pipeline as its workflow leads it: setup, rounds, pauses, resyncs, and the way back from trouble. */
import { DEFAULT_SETTINGS } from '../../engine';
import type { CdcError, PipelineSettings, ReplicateResult } from '../../engine';
import { DETECTIONS, perform, settle, start } from './activities';
import type { Activity, ActivityWorld, Life } from './activities';
import { Violation } from './oracle';
import type { Action, PipelinePlan } from './plan';
import type { Random } from './random';
import { KEY, targetTable } from './schema';
import type { Actor } from './scheduler';

/** So often a pipeline may need help at the end before that itself is the fault. */
const LAST_ROUNDS = 30;

export function createLife(plan: PipelinePlan, letters: number | null, actor: Actor, random: Random): Life {
  const settings: PipelineSettings = {
    ...DEFAULT_SETTINGS,
    existing: 'replace',
    batchRows: plan.batchRows,
    snapshotRows: plan.snapshotRows,
    snapshotTables: plan.snapshotTables,
    onError: letters === null ? { action: 'park' } : { action: 'deadLetter', perHour: letters },
  };
  return {
    plan,
    actor,
    random,
    spec: {
      name: plan.name,
      source: 'source',
      target: 'target',
      capture: 'trigger',
      mode: 'continuous',
      tables: plan.tables.map((from) => ({ from, to: targetTable(plan.name, from), columns: null })),
      settings,
    },
    chain: `${plan.name}-1`,
    generation: 0,
    parked: [],
    suspect: false,
    abandoned: new Set(),
    beside: new Set(),
  };
}

/** Sets the pipeline up and goes through its planned actions. */
export async function live(world: ActivityWorld, life: Life): Promise<void> {
  await setUp(world, life, false);
  for (const action of life.plan.actions) {
    await world.scheduler.sleep(life.actor, life.random.below(60), 'goes on');
    await act(world, life, action);
  }
}

async function act(world: ActivityWorld, life: Life, action: Action): Promise<void> {
  const { random } = life;
  switch (action) {
    case 'round':
      return round(world, life);
    case 'twins':
      return twins(world, life);
    case 'sync':
      return sync(world, life, random.pick([0, 0, 200, 100_000]), random.chance(0.5));
    case 'fetch': {
      const { settings } = life.spec;
      await perform(world, life, 'fetch', (pipeline) =>
        pipeline.fetchPending({ waitMs: random.pick([0, 100]), settings }),
      ).then((outcome) => (outcome.ok ? undefined : heal(world, life, outcome.error)));
      return;
    }
    case 'pause':
      return pause(world, life);
    case 'resync':
      return resync(world, life, null);
    case 'resync table':
      return resync(world, life, random.pick(life.plan.tables));
    case 'resume table':
      return resumeTables(world, life);
    case 'retry letters':
      await retryLetters(world, life);
      return;
    case 'repair':
      return repair(world, life);
    case 'set up again':
      world.coverage.happened('setup repeated');
      return setUp(world, life, false);
    case 'take over':
      return takeOver(world, life);
  }
}

function replication(life: Life, lingerMs: number, maxChanges: number | null): Activity<ReplicateResult> {
  // What it may do is settled when it is handed out, not when it comes to run.
  const { chain, generation } = life;
  return (pipeline) =>
    pipeline.replicate({ chain, generation, settings: life.spec.settings, maxChanges, lingerMs });
}

async function round(world: ActivityWorld, life: Life): Promise<void> {
  const { random } = life;
  const work = replication(life, random.pick([0, 50, 200]), random.chance(0.2) ? random.between(1, 6) : null);
  const suspect = life.suspect;
  const outcome = await perform(world, life, 'replicate', work);
  if (outcome.ok) noteParked(world, life, outcome.result, suspect);
  else await heal(world, life, outcome.error);
}

/** What a person reads in the status. Only what was broken, or restored, may be parked. */
function noteParked(world: ActivityWorld, life: Life, result: ReplicateResult, suspect: boolean): void {
  life.parked = result.progress.filter(({ state }) => state === 'parked');
  for (const { source, cause } of life.parked) {
    const code = cause?.split(':')[0] ?? '';
    world.coverage.happened(code === 'PARENT_PARKED' ? 'table parked with its parent' : 'table parked');
    const detection = [...DETECTIONS].some((known) => known === code);
    if (detection && !suspect && !life.suspect) {
      world.scheduler.fail(new Violation('no false alarm', `${life.plan.name} ${source}: ${cause ?? ''}`));
    }
  }
  if (result.progress.some((table) => table.state !== 'parked') && life.parked.length > 0) {
    world.coverage.happened('others went on beside a parked table');
  }
}

/** Lets parked tables go on, mended or not. */
async function resumeTables(world: ActivityWorld, life: Life): Promise<void> {
  for (const { source: table, cause } of life.parked) {
    if (cause?.startsWith('PARENT_PARKED') === true) continue;
    life.generation += 1;
    const { chain, generation } = life;
    const outcome = await perform(world, life, 'resume table', (pipeline) =>
      pipeline.resumeTable({ chain, generation, table }),
    );
    if (!outcome.ok) return heal(world, life, outcome.error);
    if (outcome.result.length > 0) world.coverage.happened('parked table resumed');
  }
  life.parked = [];
}

/** Marks all dead letters for another try. True: there are some, or nobody knows. */
async function retryLetters(world: ActivityWorld, life: Life): Promise<boolean> {
  const outcome = await perform(world, life, 'retry letters', (pipeline) =>
    pipeline.retryDeadLetters({ table: null, ids: null }),
  );
  if (outcome.ok) return outcome.result.count > 0;
  await heal(world, life, outcome.error);
  return true;
}

/** Marks keys of one of its tables, whether the source has them or not. */
async function repair(world: ActivityWorld, life: Life): Promise<void> {
  const { random } = life;
  const table = random.pick(life.plan.tables);
  const keys = Array.from({ length: random.between(1, 6) }, () => BigInt(random.between(1, 10)));
  const mark: Activity<true> = async (pipeline) => {
    await pipeline.repair(keys.map((key) => ({ table, key: { [KEY]: key } })));
    return true;
  };
  const outcome = await perform(world, life, 'repair', mark);
  if (!outcome.ok) await heal(world, life, outcome.error);
}

/** Two attempts at once: the later claim wins, and the other must not do anything any more. */
async function twins(world: ActivityWorld, life: Life): Promise<void> {
  const work = replication(life, life.random.pick([0, 100]), null);
  const attempts = [start(world, life, 'replicate', work), start(world, life, 'replicate', work)];
  world.coverage.happened('twin attempts');
  await settle(world, life, attempts, 600);
}

async function sync(world: ActivityWorld, life: Life, retainMs: number, wait: boolean): Promise<void> {
  const work: Activity<unknown> = (pipeline) => pipeline.markSynced({ retainMs });
  if (!wait) {
    life.beside.add(start(world, life, 'mark synced', work));
    return;
  }
  const outcome = await perform(world, life, 'mark synced', work);
  if (!outcome.ok) await heal(world, life, outcome.error);
}

async function pause(world: ActivityWorld, life: Life): Promise<void> {
  const { scheduler, oracle, coverage } = world;
  const { random, chain } = life;
  const { name } = life.plan;
  if (random.chance(0.7)) {
    // Handed out before the pause, taken up whenever a worker comes to it.
    const work = replication(life, 50, null);
    const delay = random.below(300);
    scheduler.spawn(async () => {
      await scheduler.sleep(life.actor, delay, 'an attempt waits for a worker');
      const attempt = start(world, life, 'replicate', async (pipeline) => {
        const result = work(pipeline);
        await result.catch((error: unknown) => {
          if (isCode(error, 'FENCED')) coverage.happened('claim after a fence refused');
        });
        return result;
      });
      life.beside.add(attempt);
    });
  }
  life.generation += 1;
  const { generation } = life;
  const fence: Activity<true> = async (pipeline) => {
    await pipeline.fence({ chain, generation });
    return true;
  };
  const outcome = await perform(world, life, 'fence', fence, true);
  if (!outcome.ok) return heal(world, life, outcome.error);
  coverage.happened('pause');
  oracle.setPaused(name, true);
  await scheduler.sleep(life.actor, random.between(100, 600), 'is paused');
  oracle.setPaused(name, false);
}

async function resync(world: ActivityWorld, life: Life, table: string | null): Promise<void> {
  const before = world.restores();
  life.generation += 1;
  const { chain, generation } = life;
  const outcome = await perform(world, life, 'resync', (pipeline) =>
    pipeline.resync({ chain, generation, table }),
  );
  world.coverage.happened(table === null ? 'resync' : 'table resync');
  if (!outcome.ok) return heal(world, life, outcome.error);
  if (table === null && world.restores() === before) life.suspect = false;
}

/** Sets up until it succeeds. `takeOver`: whoever else owns the pipeline is gone for good. */
async function setUp(world: ActivityWorld, life: Life, takingOver: boolean): Promise<void> {
  const { spec, chain } = life;
  for (let tries = 0; ; tries++) {
    const outcome = await perform(world, life, 'setup', (pipeline) =>
      pipeline.setup({ spec, chain, takeOver: takingOver || tries > 0 }),
    );
    if (outcome.ok) {
      life.generation = Math.max(life.generation, outcome.result.generation);
      return;
    }
    const { code } = outcome.error;
    if (DETECTIONS.has(code) && code !== 'PIPELINE_UNKNOWN') return resync(world, life, null);
    if (tries > LAST_ROUNDS) throw new Violation('everything comes to its end', `setup fails with ${code}`);
  }
}

async function takeOver(world: ActivityWorld, life: Life): Promise<void> {
  const { chain } = life;
  const orderly = life.random.chance(0.5);
  if (orderly) {
    const finish: Activity<true> = async (pipeline) => {
      await pipeline.finish({ chain });
      return true;
    };
    const outcome = await perform(world, life, 'finish', finish);
    if (!outcome.ok) return heal(world, life, outcome.error);
  }
  life.chain = nextChain(chain);
  // Another workflow knows nothing of this one's.
  life.generation = 0;
  world.coverage.happened('take over');
  await setUp(world, life, !orderly);
}

function nextChain(chain: string): string {
  const [name, count] = chain.split('-');
  return `${name ?? ''}-${String(Number(count) + 1)}`;
}

/** What a workflow, or the person who reads its status, does about a failure. */
async function heal(world: ActivityWorld, life: Life, error: CdcError): Promise<void> {
  const { code } = error;
  if (code === 'EPOCH_LOST') return;
  // The checkpoint has a generation that we never heard of: an attempt's answer got lost.
  if (code === 'FENCED') return setUp(world, life, false);
  if (code === 'PIPELINE_TAKEN' || code === 'PIPELINE_UNKNOWN') return setUp(world, life, true);
  if (DETECTIONS.has(code)) return resync(world, life, null);
  // Resynced or resumed meanwhile.
  if (code === 'PARENT_PARKED') return;
  throw new Violation('no unexpected error', code);
}

/** Once all others rest: brings the pipeline to its end, whatever it takes, and proves it. */
export async function conclude(world: ActivityWorld, life: Life): Promise<void> {
  const { name } = life.plan;
  for (let rounds = 0; rounds < LAST_ROUNDS; rounds++) {
    const outcome = await perform(world, life, 'replicate', replication(life, 0, null));
    if (!outcome.ok) {
      await heal(world, life, outcome.error);
      continue;
    }
    noteParked(world, life, outcome.result, true);
    if (life.parked.length > 0) await resumeTables(world, life);
    if (!outcome.result.caughtUp || outcome.result.progress.some(({ state }) => state === 'parked')) continue;
    if (await retryLetters(world, life)) continue;
    const synced = await perform(world, life, 'mark synced', (pipeline) =>
      pipeline.markSynced({ retainMs: 0 }),
    );
    if (!synced.ok) {
      await heal(world, life, synced.error);
      continue;
    }
    world.oracle.checkEqual(name);
    const verified = await perform(world, life, 'verify', (pipeline) => pipeline.verify({}));
    if (!verified.ok || !verified.result.equal || !verified.result.exact) {
      throw new Violation('source and target end equal', `${name}: verify does not say so`);
    }
    if (life.suspect) world.coverage.happened('restore harmless');
    if (life.plan.strangers > 0) world.coverage.happened('strangers removed');
    return;
  }
  throw new Violation('everything comes to its end', `${name} does not catch up`);
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
