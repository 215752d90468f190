/** What `cdc doctor` asks: are the databases of these pipelines, and the pipelines themselves, as they have to be? */
import { findNamed, resolveTables } from '../capture';
import { CdcError, isCdcError, toCdcError } from '../errors';
import { displayName, fine, problem, warning } from '../model';
import type {
  ConnectionDiagnosis,
  Diagnosis,
  DiagnosisReport,
  PipelineDiagnosis,
  PipelineSpec,
  TableName,
  TableRoute,
} from '../model';
import { openConnections } from './connections';
import { createContext, type PipelineContext } from './context';
import type { EngineOptions } from './engine';
import { inspectPipeline } from './inspect';
import { refuseMissing } from './missing-tables';

/** What is known of a connection once all pipelines have been looked at. */
interface Use {
  asSource: boolean;
  asTarget: boolean;
  readonly sourceTables: Map<string, TableName>;
  readonly targetTables: Map<string, TableName>;
}

/** Opens databases for reading only, one pipeline after the other. Never throws for what it finds. */
export async function diagnosePipelines(
  options: EngineOptions,
  specs: readonly PipelineSpec[],
): Promise<DiagnosisReport> {
  const uses = new Map<string, Use>();
  const useOf = (name: string): Use => {
    const use = uses.get(name) ?? {
      asSource: false,
      asTarget: false,
      sourceTables: new Map<string, TableName>(),
      targetTables: new Map<string, TableName>(),
    };
    uses.set(name, use);
    return use;
  };
  const pipelines: PipelineDiagnosis[] = [];
  for (const spec of specs) {
    useOf(spec.source).asSource = true;
    useOf(spec.target).asTarget = true;
    const checks = await diagnosePipeline(options, spec, useOf(spec.source), useOf(spec.target));
    pipelines.push({ name: spec.name, checks });
  }
  const connections: ConnectionDiagnosis[] = [];
  for (const [name, use] of uses) connections.push(await diagnoseConnection(options, name, use));
  return { connections, pipelines };
}

async function diagnoseConnection(
  { registry, connections, ports }: EngineOptions,
  name: string,
  use: Use,
): Promise<ConnectionDiagnosis> {
  const { asSource, asTarget } = use;
  const base = { name, asSource, asTarget };
  try {
    const url = connections.get(name);
    if (url === undefined) throw new CdcError('CONFIG_INVALID', `Connection ${name} is not configured`);
    const adapter = registry.forUrl(url);
    const checks = (await adapter.diagnose?.({
      url,
      asSource,
      asTarget,
      sourceTables: [...use.sourceTables.values()],
      targetTables: [...use.targetTables.values()],
      now: () => ports.now(),
    })) ?? [fine('connection', `The adapter ${adapter.name} has no checks of its own.`)];
    return { ...base, adapter: adapter.name, checks };
  } catch (error) {
    return { ...base, adapter: null, checks: [failure('connection', error)] };
  }
}

async function diagnosePipeline(
  { registry, connections, ports }: EngineOptions,
  spec: PipelineSpec,
  source: Use,
  target: Use,
): Promise<readonly Diagnosis[]> {
  const urls = { source: connections.get(spec.source), target: connections.get(spec.target) };
  if (urls.source === undefined || urls.target === undefined) {
    const name = urls.source === undefined ? spec.source : spec.target;
    return [failure('tables', new CdcError('CONFIG_INVALID', `Connection ${name} is not configured`))];
  }
  try {
    const pair = openConnections(
      registry,
      { source: urls.source, target: urls.target },
      { readOnly: true, capture: spec.capture, ports },
    );
    try {
      const { name } = spec;
      const context = createContext(
        { name, source: spec.source, target: spec.target, capture: spec.capture },
        ports,
        pair,
      );
      return [await tableCheck(context, spec, source, target), await captureCheck(context)];
    } finally {
      await pair.close().catch(() => undefined);
    }
  } catch (error) {
    return [failure('tables', error)];
  }
}

function failure(check: string, error: unknown): Diagnosis {
  const { code, message, hint } = toCdcError(error);
  return problem(check, `${code}: ${message}`, hint);
}

/** Whether each mapping finds its tables; notes them for the checks of the databases. */
async function tableCheck(
  context: PipelineContext,
  spec: PipelineSpec,
  source: Use,
  target: Use,
): Promise<Diagnosis> {
  try {
    const from = await context.connections.source();
    const { routes, skipped } = resolveTables(spec.tables, await from.tables(), context.sameFamily);
    for (const route of routes) source.sourceTables.set(route.id, route.source.name);
    const to = await context.connections.target().catch(missingAsNull);
    const mayMake = spec.settings.createTables;
    const there = mayMake || to === null ? [] : await to.tables();
    const missing: TableRoute[] = [];
    for (const route of routes) {
      const placed = to === null ? route.target : await to.place(route.target);
      const found = findNamed(there, ({ name }) => displayName(name), displayName(placed));
      // Of a table that is not to be made no right to make it is missed.
      if (mayMake || found !== undefined) target.targetTables.set(JSON.stringify(placed), placed);
      else missing.push({ ...route, target: placed });
    }
    refuseMissing(spec.name, missing);
    const many = `${routes.length} table${routes.length === 1 ? '' : 's'}`;
    return skipped.length === 0
      ? fine('tables', `The mappings find ${many}.`)
      : warning(
          'tables',
          `The mappings find ${many} and leave out ${skipped.map(({ table }) => table).join(', ')}, which cannot be captured.`,
          `\`cdc plan ${spec.name}\` tells why; give them a key, or leave them out by name.`,
        );
  } catch (error) {
    return failure('tables', error);
  }
}

/** A target that setup has yet to make. */
function missingAsNull(error: unknown): null {
  if (isCdcError(error, 'DATABASE_MISSING')) return null;
  throw error;
}

async function captureCheck(context: PipelineContext): Promise<Diagnosis> {
  const { name } = context.ref;
  try {
    const target = await context.connections.target().catch(missingAsNull);
    if (target === null || (await target.checkpoint(name)) === null) {
      return fine('capture', `It is not set up yet: \`cdc start ${name}\` does it.`);
    }
    const { tables, failures } = await inspectPipeline(context);
    if (failures.length === 0) {
      const many = tables.length === 1 ? 'the table' : `all ${tables.length} tables`;
      return fine('capture', `Capture is in place and switched on for ${many}.`);
    }
    const first = toCdcError(failures[0]);
    return problem('capture', failures.map((error) => toCdcError(error).message).join('; '), first.hint);
  } catch (error) {
    return failure('capture', error);
  }
}
