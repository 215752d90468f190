/** Finds consumers that nobody moves any more: the source keeps every change for them, for ever. */
import type { Consumer, HealthCheck } from '../model';
import type { PipelineContext } from './context';
import { sameBase } from './lives';

/** Longer than a pipeline usually rests; shorter than it takes a source to run full. */
const ABANDONED_AFTER_MS = 24 * 60 * 60 * 1000;

/** What holds back purging beside the pipeline of this uuid, as a check of health; a warning, since it replicates. */
export async function consumersCheck(
  context: PipelineContext,
  uuid: string,
): Promise<Omit<HealthCheck, 'name'>> {
  const source = await context.connections.source();
  const others = (await source.consumers()).filter((consumer) => consumer.uuid !== uuid);
  const former = others.filter(
    ({ name, uuid: other }) => name === context.ref.name && !sameBase(other, uuid),
  );
  const stale: Consumer[] = [];
  for (const other of others) {
    if (!former.includes(other) && (await isStale(context, other))) stale.push(other);
  }
  const messages = [
    ...former.map(
      ({ updatedAt }) =>
        `The source also captures for another pipeline of this name, last told ${timeOf(updatedAt)}.`,
    ),
    ...stale.map(
      ({ name, updatedAt }) => `The source keeps changes for ${name}, last told ${timeOf(updatedAt)}.`,
    ),
  ];
  if (messages.length === 0) {
    return { state: 'ok', message: 'Nobody else holds back purging.', hint: null };
  }
  const names = new Set([...former, ...stale].map(({ name }) => name));
  return { state: 'warning', message: messages.join(' '), hint: [...names].map(remedy(context)).join(' ') };
}

/** A source without changes tells a pipeline nothing for as long: only what waits for it shows that nobody comes. */
async function isStale(context: PipelineContext, consumer: Consumer): Promise<boolean> {
  const before = context.ports.now() - ABANDONED_AFTER_MS;
  if (consumer.updatedAt >= before) return false;
  const source = await context.connections.source();
  const routes = await context.capturedRoutes(consumer.tables);
  const { oldestChangedAt } = await source.pending(consumer.position, routes, 1);
  return oldestChangedAt !== null && oldestChangedAt < before;
}

function remedy({ ref }: PipelineContext): (name: string) => string {
  return (name) =>
    name === ref.name
      ? `If that one's target is lost, stop ${name} and run \`cdc teardown ${name} --source-only\`, then start it again.`
      : `If ${name} is not needed any more, \`cdc teardown ${name}\` ends it (with --source-only if its target is lost).`;
}

function timeOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
