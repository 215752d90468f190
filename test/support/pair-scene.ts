/** Pipelines between sides of any kind with a client of their own, for tests that bring worker processes. */
import { randomUUID } from 'node:crypto';
import { type CdcClient, createCdcClient } from '../../client';
import { DEFAULT_SETTINGS, type PipelineSettings, type PipelineSpec } from '../../engine';
import { openSide, type Family, type Side, type SideOptions } from './pair-sides';
import { cleanup, connectTemporal, endWorkflow } from './workflow-bench';

/** One of the pipelines. */
export interface PairPipeline {
  readonly to: Family;
  readonly target: Side;
  readonly name: string;
  spec(settings?: Partial<PipelineSettings>): PipelineSpec;
  readonly isEqual: () => Promise<boolean>;
}

export interface FanScene {
  readonly source: Side;
  readonly pipelines: readonly PairPipeline[];
  readonly client: CdcClient;
  readonly taskQueue: string;
  readonly connections: Readonly<Record<string, string>>;
}

export type PairScene = Omit<FanScene, 'pipelines'> & PairPipeline;

/** Two databases, whose tables are on the source only, and a client; no worker yet. */
export async function pairScene(
  [from, to]: readonly [Family, Family],
  options: Omit<SideOptions, 'name'>,
): Promise<PairScene> {
  const { pipelines, ...scene } = await fanScene(from, [to], options);
  const [pipeline] = pipelines;
  if (pipeline === undefined) throw new Error('A pair has one pipeline');
  return { ...scene, ...pipeline };
}

/** One source with a target of each kind, each by a pipeline of its own. */
export async function fanScene(
  from: Family,
  to: readonly Family[],
  options: Omit<SideOptions, 'name'>,
): Promise<FanScene> {
  const source = await openSide(from, { ...options, name: 'source' });
  cleanup(() => source.dispose());
  await source.createTables();
  const temporal = await connectTemporal();
  const scene = `p-${randomUUID().slice(0, 8)}`;
  const taskQueue = `q-${scene}`;
  const pipelines: PairPipeline[] = [];
  for (const family of to) {
    const target = await openSide(family, { ...options, name: `target-${family}` });
    cleanup(() => target.dispose());
    const name = `${scene}-${family}`;
    cleanup(() => endWorkflow(temporal, name));
    pipelines.push({
      to: family,
      target,
      name,
      spec: (settings = {}) => ({
        name,
        source: 'shop',
        target: family,
        capture: 'trigger',
        mode: 'continuous',
        tables: source.tables.map((table) => ({ from: table, to: null, columns: null })),
        settings: { ...DEFAULT_SETTINGS, ...settings },
      }),
      isEqual: async () => JSON.stringify(await target.rows()) === JSON.stringify(await source.rows()),
    });
  }
  const targets = pipelines.map(({ to: family, target }) => [family, target.url] as const);
  return {
    source,
    pipelines,
    client: createCdcClient(temporal, { taskQueue }),
    taskQueue,
    connections: { shop: source.url, ...Object.fromEntries(targets) },
  };
}
