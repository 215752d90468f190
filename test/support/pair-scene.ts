/** A pipeline between two sides of any kind with a client of its own, for tests that bring worker processes. */
import { randomUUID } from 'node:crypto';
import { type CdcClient, createCdcClient } from '../../client';
import { DEFAULT_SETTINGS, type PipelineSettings, type PipelineSpec } from '../../engine';
import { openSide, type Family, type Side, type SideOptions } from './pair-sides';
import { cleanup, connectTemporal, endWorkflow } from './workflow-bench';

export interface PairScene {
  readonly source: Side;
  readonly target: Side;
  readonly client: CdcClient;
  readonly name: string;
  readonly taskQueue: string;
  readonly connections: Readonly<Record<string, string>>;
  spec(settings?: Partial<PipelineSettings>): PipelineSpec;
  readonly isEqual: () => Promise<boolean>;
}

/** Two databases, whose tables are on the source only, and a client; no worker yet. */
export async function pairScene(
  [from, to]: readonly [Family, Family],
  options: Omit<SideOptions, 'name'>,
): Promise<PairScene> {
  const source = await openSide(from, { ...options, name: 'source' });
  const target = await openSide(to, { ...options, name: 'target' });
  cleanup(() => Promise.all([source.dispose(), target.dispose()]));
  await source.createTables();
  const temporal = await connectTemporal();
  const name = `p-${randomUUID().slice(0, 8)}`;
  cleanup(() => endWorkflow(temporal, name));
  const taskQueue = `q-${name}`;
  return {
    source,
    target,
    client: createCdcClient(temporal, { taskQueue }),
    name,
    taskQueue,
    connections: { shop: source.url, warehouse: target.url },
    spec: (settings = {}) => ({
      name,
      source: 'shop',
      target: 'warehouse',
      capture: 'trigger',
      mode: 'continuous',
      tables: source.tables.map((table) => ({ from: table, to: null, columns: null })),
      settings: { ...DEFAULT_SETTINGS, ...settings },
    }),
    isEqual: async () => JSON.stringify(await target.rows()) === JSON.stringify(await source.rows()),
  };
}
