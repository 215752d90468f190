/** What goes wrong: crashes, stalls, broken connections, power cuts, databases restored from earlier copies. */
import type { Life } from './activities';
import type { Coverage } from './coverage';
import type { Oracle } from './oracle';
import type { Plan } from './plan';
import type { Processes } from './processes';
import type { Random } from './random';
import { targetTable } from './schema';
import type { Actor, Scheduler } from './scheduler';
import { deleteChanges } from './source';
import type { SourceDatabase, SourceState } from './source-database';
import type { TargetDatabase } from './target-database';

export interface WeatherWorld {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly plan: Plan;
  readonly processes: Processes;
  readonly coverage: Coverage;
  readonly source: SourceDatabase;
  readonly target: TargetDatabase;
  readonly oracle: Oracle;
  readonly lives: readonly Life[];
  /** Counts a restore. */
  readonly onRestore: () => void;
}

export interface Weather {
  /** Nothing goes wrong any more; the frozen thaw. */
  clear(): void;
}

/** Moments that a crash should often meet. */
const DURABLE = /(before|after) (commit|acknowledge|purge|flush|install|create tables|uninstall)$/;

export function createWeather(world: WeatherWorld): Weather {
  const { scheduler, random, plan, processes, coverage, source, target } = world;
  const left = { crashes: plan.faults.crashes, stalls: plan.faults.stalls, glitches: plan.faults.glitches };
  const frozen = new Map<Actor, true>();

  const inTransaction = (actor: Actor): boolean =>
    target.works().some(({ connection }) => connection.actor === actor);

  const strike = (actor: Actor, label: string): boolean => {
    const process = processes.byActor(actor);
    if (process === undefined) return true;
    if (frozen.delete(actor)) coverage.happened('stalled attempt woke');
    const durable = DURABLE.exec(label);
    const danger = durable === null ? 1 : 6;
    if (left.crashes > 0 && random.chance(0.008 * danger)) {
      left.crashes -= 1;
      coverage.happened(
        `crash ${durable?.[0] ?? (inTransaction(actor) ? 'inside a transaction' : 'elsewhere')}`,
      );
      processes.crash(process);
      return false;
    }
    if (left.stalls > 0 && random.chance(0.008 * danger)) {
      left.stalls -= 1;
      coverage.happened(inTransaction(actor) ? 'stall inside a transaction' : 'stall');
      actor.stalledUntil = scheduler.now() + random.pick([100, 400, 1_500, 5_000]);
      frozen.set(actor, true);
      scheduler.note(actor, `STALLS before ${label} until ${String(actor.stalledUntil)}`);
      return false;
    }
    if (left.glitches > 0 && random.chance(0.008 * danger)) {
      left.glitches -= 1;
      coverage.happened('connection broke');
      scheduler.note(actor, 'LOSES ITS CONNECTIONS');
      random.pick([source.hub, target.hub]).breakAll(actor);
    }
    return true;
  };
  scheduler.setIntercept(strike);

  const disaster = (name: string, work: (actor: Actor) => Promise<void>): void => {
    const actor = scheduler.actor(name, 'fault');
    scheduler.spawn(() => work(actor));
  };

  if (plan.faults.sourceRestore) disaster('source disk', (actor) => restoreSource(world, actor, () => quiet));
  if (plan.faults.targetRestore) disaster('target disk', (actor) => restoreTarget(world, actor, () => quiet));
  if (plan.faults.forcedPurge) disaster('purger', (actor) => forcePurge(world, actor, () => quiet));
  for (let count = 0; count < plan.faults.breakages; count++)
    disaster(`breaker-${String(count + 1)}`, (actor) => breakTable(world, actor, () => quiet));
  for (let count = 0; count < plan.faults.refusals; count++)
    disaster(`refuser-${String(count + 1)}`, (actor) => refuseValues(world, actor, () => quiet));
  if (plan.faults.powerCuts > 0) disaster('power', (actor) => cutPower(world, actor, () => quiet));

  let quiet = false;
  return {
    clear() {
      quiet = true;
      target.broken.clear();
      target.picky.clear();
      scheduler.setIntercept((actor) => {
        if (frozen.delete(actor)) coverage.happened('stalled attempt woke');
        return true;
      });
      for (const { actor } of processes.living)
        actor.stalledUntil = Math.min(actor.stalledUntil, scheduler.now());
    },
  };
}

async function restoreSource(world: WeatherWorld, actor: Actor, quiet: () => boolean): Promise<void> {
  const { scheduler, random, source, plan } = world;
  await scheduler.sleep(actor, random.between(0, 1_500), 'ages');
  const copy = source.copy();
  scheduler.note(actor, 'copy of the source taken');
  await scheduler.sleep(actor, random.pick([10, 40, 200, 1_000]), 'ages');
  const safe = (): boolean => plan.fingerprint || handshakeTells(world, copy);
  if (!(await scheduler.until(actor, 'waits to fail', 4_000, safe))) return;
  await scheduler.sleep(actor, random.pick([0, 30, 100]), 'ages');
  if (quiet()) return;
  scheduler.note(actor, 'SOURCE RESTORED');
  source.restore(copy);
  restored(world, plan.fingerprint ? 'source restored' : 'source restored, told by the handshake alone');
}

/** Without a fingerprint a restored source is only known by what it was told after the copy was taken. */
function handshakeTells({ target }: WeatherWorld, copy: SourceState): boolean {
  return [...target.state.checkpoints.values()].every(
    ({ uuid, ackedSeq }) => (copy.consumers.get(uuid)?.seq ?? -1) < ackedSeq,
  );
}

async function restoreTarget(world: WeatherWorld, actor: Actor, quiet: () => boolean): Promise<void> {
  const { scheduler, random, target, plan, lives } = world;
  await scheduler.sleep(actor, random.between(0, 1_500), 'ages');
  // Under an open connection a copy without our objects is not noticed: what fails then is any statement.
  const settled = (): boolean => lives.every(({ plan: { name } }) => isSetUp(target, name));
  if (plan.faults.inPlace && !(await scheduler.until(actor, 'waits for setup', 5_000, settled))) return;
  const bookmark = target.bookmark();
  scheduler.note(actor, 'copy of the target taken');
  await scheduler.sleep(actor, random.pick([10, 40, 200, 1_000]), 'ages');
  if (quiet()) return;
  scheduler.note(actor, 'TARGET RESTORED');
  target.restore(bookmark, plan.faults.inPlace);
  restored(world, plan.faults.inPlace ? 'target restored in place' : 'target restored');
}

function isSetUp({ state }: TargetDatabase, pipeline: string): boolean {
  return (state.checkpoints.get(pipeline)?.sourceId ?? '') !== '';
}

function restored({ lives, oracle, coverage, onRestore }: WeatherWorld, event: string): void {
  coverage.happened(event);
  onRestore();
  for (const life of lives) life.suspect = true;
  oracle.onRestore();
}

/** Somebody frees the source's disk. What tells the consumers is the floor alone: no number goes back. */
async function forcePurge(world: WeatherWorld, actor: Actor, quiet: () => boolean): Promise<void> {
  const { scheduler, random, source } = world;
  await scheduler.sleep(actor, random.between(100, 1_500), 'runs out of space');
  if (quiet() || source.state.log.length === 0) return;
  scheduler.note(actor, `PURGES ${String(source.state.log.length)} CHANGES BY FORCE`);
  deleteChanges(source, source.state.log, true);
  source.state.forced += 1;
  restored(world, 'purged by force');
}

/** Somebody gives a target table a constraint that its rows break, and takes it away again. */
async function breakTable(world: WeatherWorld, actor: Actor, quiet: () => boolean): Promise<void> {
  const { scheduler, random, target, lives } = world;
  await scheduler.sleep(actor, random.between(0, 1_500), 'is whole');
  if (quiet()) return;
  const { plan } = random.pick(lives);
  const table = targetTable(plan.name, random.pick(plan.tables));
  scheduler.note(actor, `BREAKS ${table}`);
  target.broken.add(table);
  await scheduler.sleep(actor, random.pick([50, 300, 1_000]), 'is broken');
  scheduler.note(actor, `MENDS ${table}`);
  target.broken.delete(table);
}

/** The same with a constraint that only some rows break. */
async function refuseValues(world: WeatherWorld, actor: Actor, quiet: () => boolean): Promise<void> {
  const { scheduler, random, target, lives } = world;
  await scheduler.sleep(actor, random.between(0, 1_000), 'takes every value');
  if (quiet()) return;
  const { plan } = random.pick(lives);
  const table = targetTable(plan.name, random.pick(plan.tables));
  scheduler.note(actor, `MAKES ${table} PICKY`);
  target.picky.add(table);
  await scheduler.sleep(actor, random.pick([300, 1_000, 3_000]), 'is picky');
  scheduler.note(actor, `LETS ${table} TAKE EVERY VALUE`);
  target.picky.delete(table);
}

async function cutPower(world: WeatherWorld, actor: Actor, quiet: () => boolean): Promise<void> {
  const { scheduler, random, target, coverage, plan, oracle, processes } = world;
  for (let count = 0; count < plan.faults.powerCuts; count++) {
    await scheduler.sleep(actor, random.between(100, 1_500), 'holds');
    if (quiet()) return;
    const lost = random.between(0, target.unflushed);
    if (lost > 0) coverage.happened('power cut lost commits');
    scheduler.note(actor, `POWER CUT, ${String(lost)} commits of the target lost`);
    // Where the target is a file its machine is the worker's.
    if (plan.oneWriter) for (const process of [...processes.living]) processes.crash(process);
    target.cutPower(lost);
    oracle.onPowerCut();
  }
}
