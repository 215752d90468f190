/** Health: one check after the other, each with what to do; never throws for a database that is down. */
import { countPending, noticedIn } from '../apply';
import { toCdcError } from '../errors';
import type { CheckState, HealthCheck, HealthReport } from '../model';
import { consumersCheck } from './abandoned';
import { readCheckpoint, readLetterCounts, readProgress } from './checkpoint';
import type { PipelineContext } from './context';
import { inspectPipeline } from './inspect';

/** A lag above this is worth a warning: longer than a round, and usually than a worker's takeover. */
const LAG_WARNING_MS = 15_000;

/** Health answers within seconds: counting goes no further than that allows. */
const COUNT_IN_TIME = 1_000_000;

export async function pipelineHealth(context: PipelineContext): Promise<HealthReport> {
  const checks: HealthCheck[] = [];
  const check = async (name: string, look: () => Promise<Omit<HealthCheck, 'name'>>): Promise<boolean> => {
    try {
      const result = await look();
      checks.push({ name, ...result });
      return result.state !== 'failed';
    } catch (error) {
      const failure = toCdcError(error);
      checks.push({
        name,
        state: 'failed',
        message: `${failure.code}: ${failure.message}`,
        hint: failure.hint,
      });
      return false;
    }
  };

  const sourceUp = await check('source', async () => {
    const source = await context.connections.source();
    await source.sourceId();
    return good('The source answers.');
  });
  const targetUp = await check('target', async () => {
    const target = await context.connections.target();
    await target.checkpoint(context.ref.name);
    return good('The target answers.');
  });
  if (sourceUp && targetUp) {
    await check('capture', () => captureCheck(context));
    await check('lag', () => lagCheck(context));
    await check('tables', () => tableCheck(context));
    await check('dead letters', () => letterCheck(context));
    await check('consumers', async () => consumersCheck(context, (await readCheckpoint(context)).uuid));
  }
  return { pipeline: context.ref.name, healthy: checks.every((entry) => entry.state !== 'failed'), checks };
}

function good(message: string): Omit<HealthCheck, 'name'> {
  return { state: 'ok', message, hint: null };
}

function notice(state: CheckState, message: string, hint: string): Omit<HealthCheck, 'name'> {
  return { state, message, hint };
}

async function captureCheck(context: PipelineContext): Promise<Omit<HealthCheck, 'name'>> {
  const inspected = await inspectPipeline(context);
  const { tables, failures } = inspected;
  if (failures[0] !== undefined) throw failures[0];
  const noticed = noticedIn(await context.connections.source(), inspected);
  if (noticed.length > 0) {
    return notice(
      'warning',
      noticed.map(({ table, message }) => `${table ?? context.ref.name}: ${message}`).join(' '),
      `Compare both sides: \`cdc verify ${context.ref.name}\`; with \`--repair\` what differs is mended.`,
    );
  }
  return good(`Capture is in place on ${String(tables.length)} table${tables.length === 1 ? '' : 's'}.`);
}

async function lagCheck(context: PipelineContext): Promise<Omit<HealthCheck, 'name'>> {
  const source = await context.connections.source();
  const { checkpoint, tables } = await readProgress(context);
  const routesOf = (asked: typeof tables) => context.routesOf(asked);
  const pending = await countPending(source, checkpoint.position, tables, routesOf, COUNT_IN_TIME);
  const lagMs = pending.oldestChangedAt === null ? 0 : context.ports.now() - pending.oldestChangedAt;
  const figures = `${String(pending.count)} change${pending.count === 1 ? '' : 's'} wait, the oldest for ${(lagMs / 1000).toFixed(1)} s.`;
  if (lagMs <= LAG_WARNING_MS) return good(pending.count === 0 ? 'Nothing waits to be applied.' : figures);
  return notice(
    'warning',
    figures,
    'Look at `cdc status`: the pipeline may be paused, failing, without a worker, or another process holds a lock.',
  );
}

async function tableCheck(context: PipelineContext): Promise<Omit<HealthCheck, 'name'>> {
  const { tables } = await readProgress(context);
  const parked = tables.filter((table) => table.state === 'parked').map((table) => table.source);
  if (parked.length > 0) {
    return notice(
      'failed',
      `Parked: ${parked.join(', ')}.`,
      'Mend the cause that `cdc status` names, then `cdc resume NAME --table T`.',
    );
  }
  const copying = tables.filter((table) => table.state === 'snapshotting').map((table) => table.source);
  return good(copying.length > 0 ? `Being copied: ${copying.join(', ')}.` : 'All tables replicate.');
}

/** What is set aside is missing, or of yesterday, on the target until somebody does something about it. */
async function letterCheck(context: PipelineContext): Promise<Omit<HealthCheck, 'name'>> {
  const counts = await readLetterCounts(context, await readCheckpoint(context));
  if (counts.size === 0) return good('No row is set aside.');
  const tables = [...counts].map(([table, count]) => `${table} (${String(count)})`).join(', ');
  return notice(
    'warning',
    `Rows that the target refused are set aside: ${tables}.`,
    `See \`cdc dead-letters list ${context.ref.name}\`; mend the cause, then \`cdc dead-letters retry ${context.ref.name} --all\`.`,
  );
}
