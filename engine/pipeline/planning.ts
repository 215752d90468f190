/** What setup would do, worked out without writing anything; setup itself starts from it. */
import { orderByReferences, requireRights } from '../apply';
import { checkTargetTable, findNamed, refuseCollisions, requireFilter, resolveTables } from '../capture';
import { CdcError } from '../errors';
import { choiceOf, displayName, refusedSettings, routeOnTarget } from '../model';
import type {
  Checkpoint,
  ColumnPlan,
  Plan,
  PipelineSpec,
  PlanStep,
  Source,
  TableCheckpoint,
  TableName,
  TableRoute,
  Target,
  TransportKind,
} from '../model';
import { isInstalled } from '../apply';
import { columnPlans, refusedPlans } from './column-plans';
import type { PipelineContext } from './context';
import { keepNotices } from './keep-notices';
import { refuseLoop } from './loops';
import { planTable, refuseMissing } from './missing-tables';

export interface Planning {
  readonly plan: Plan;
  /** Parents first. */
  readonly routes: readonly TableRoute[];
  /** Null before the first setup; one whose setup was cut short counts as null for its tables. */
  readonly checkpoint: Checkpoint | null;
  readonly tables: readonly TableCheckpoint[];
  /** Tables that are new to the pipeline and whose target holds rows already. */
  readonly occupied: readonly string[];
  readonly createSteps: readonly PlanStep[];
}

/**
 * Throws the codes of `resolveTables`, CONFIG_INVALID, FILTER_INVALID, PIPELINE_LOOP, TARGET_TABLE_MISMATCH, TARGET_TABLE_MISSING,
 * TARGET_NOT_EMPTY, SCHEMA_MOVED, PRIVILEGE_MISSING, and the databases' codes.
 */
export async function planPipeline(
  context: PipelineContext,
  spec: PipelineSpec,
  onTable: (done: number, of: number) => void = () => undefined,
): Promise<Planning> {
  const { connections, sameFamily } = context;
  requireSettingsFit(spec);
  const source = await connections.source();
  const resolved = resolveTables(spec.tables, await source.tables(), sameFamily);
  for (const route of resolved.routes) await requireFilter(source, route);
  return connections.plannedTarget((target, transport) =>
    planOn({ sameFamily, source, target, transport, resolved }, spec, onTable),
  );
}

interface Ground {
  readonly sameFamily: boolean;
  readonly source: Source;
  /** As it is, or as it would be made. */
  readonly target: Target;
  readonly transport: () => Promise<TransportKind>;
  readonly resolved: ReturnType<typeof resolveTables>;
}

async function planOn(
  { sameFamily, source, target, transport, resolved }: Ground,
  spec: PipelineSpec,
  onTable: (done: number, of: number) => void,
): Promise<Planning> {
  await refuseLoop(spec.name, source, target);
  const routes = await placeRoutes(target, orderByReferences(resolved.routes), sameFamily);

  const existing = await target.tables();
  const createSteps: PlanStep[] = [];
  const columns = new Map<TableRoute, readonly ColumnPlan[]>();
  const missing: TableRoute[] = [];
  const present: TableRoute[] = [];
  for (const [place, route] of routes.entries()) {
    onTable(place, routes.length);
    const table = findNamed(existing, ({ name }) => displayName(name), displayName(route.target));
    if (table !== undefined) {
      checkTargetTable(routeOnTarget(route), table, sameFamily);
      present.push(route);
    }
    const planned = await planTable(target, routeOnTarget(route), source.family, spec.settings.createTables);
    if (planned.missing) missing.push(route);
    else if (table === undefined) await refuseNew(target, route);
    if (planned.step !== null) createSteps.push(planned.step);
    const there = table?.columns ?? planned.columns;
    columns.set(
      route,
      planned.refusal === null
        ? columnPlans(route, there ?? [], sameFamily)
        : refusedPlans(route, planned.refusal),
    );
  }
  if (!spec.settings.createTables) refuseMissing(spec.name, missing);

  requireVersions(spec, routes);
  const checkpoint = await target.checkpoint(spec.name);
  const tables = checkpoint === null ? [] : await target.tableCheckpoints(checkpoint.uuid);
  const resumed = checkpoint !== null && isInstalled(checkpoint);
  // A known table that is led elsewhere stands before rows that are none of its own, like a new one.
  const pairOf = (from: string, to: TableName): string => JSON.stringify([from, displayName(to)]);
  const known = new Set(
    resumed ? tables.map(({ source: from, targetTable }) => pairOf(from, targetTable)) : [],
  );
  const joining = present.filter((route) => !known.has(pairOf(route.id, route.target)));
  const occupied: string[] = [];
  for (const route of joining) if (!(await target.isEmpty(route.target))) occupied.push(route.id);
  refuseOccupied(spec, routes, occupied, resumed);
  await refuseSequences(spec, target, joining);

  const schemas = routes.map((route) => route.source);
  const plan: Plan = {
    pipeline: spec.name,
    transport: await transport(),
    tables: routes.map((route) => ({
      source: route.id,
      target: displayName(route.target),
      columns: route.columns,
      fidelity: columns.get(route) ?? [],
      ...choiceOf(route),
    })),
    skipped: resolved.skipped,
    steps: [...(await source.planCapture(schemas)), ...(await target.planObjects()), ...createSteps],
    notices: [
      ...keepNotices(spec.settings, routes.map(routeOnTarget), existing),
      ...(await source.notices(schemas)),
      ...(await target.notices(routes.map(routeOnTarget), source.family)),
    ],
  };
  return { plan, routes, checkpoint, tables, occupied, createSteps };
}

/** Throws SCHEMA_MOVED for a table that is there by now, and was not when the others were read. */
async function refuseNew(target: Target, route: TableRoute): Promise<void> {
  const name = displayName(route.target);
  if (findNamed(await target.tables(), (table) => displayName(table.name), name) === undefined) return;
  throw new CdcError('SCHEMA_MOVED', `Target table ${name} was made by somebody else meanwhile`, {
    table: route.id,
    hint: 'A worker plans again at once; at a terminal, repeat the command.',
  });
}

/** Routes with the whole names of their tables; only the target knows its default schema. Throws NAME_COLLISION. */
async function placeRoutes(
  target: Target,
  routes: readonly TableRoute[],
  sameFamily: boolean,
): Promise<readonly TableRoute[]> {
  const placed: TableRoute[] = [];
  for (const route of routes) placed.push({ ...route, target: await target.place(route.target) });
  refuseCollisions(placed, sameFamily);
  return placed;
}

/** What the end of a copy would fail for. Throws PRIVILEGE_MISSING. */
async function refuseSequences(
  { settings }: PipelineSpec,
  target: Target,
  joining: readonly TableRoute[],
): Promise<void> {
  if (!settings.sequences || target.sequences === undefined) return;
  for (const { id, target: table, columns } of joining.map(routeOnTarget)) {
    requireRights(await target.sequences([{ table, columns }]), id);
  }
}

function refuseOccupied(
  spec: PipelineSpec,
  routes: readonly TableRoute[],
  occupied: readonly string[],
  resumed: boolean,
): void {
  const { existing, snapshot } = spec.settings;
  // A table that joins later is always copied: the pipeline stands at a position of before its capture.
  const copied = snapshot || resumed;
  if (occupied.length === 0 || existing === 'replace' || !copied) return;
  const names = routes
    .filter((route) => occupied.includes(route.id))
    .map((route) => displayName(route.target));
  throw new CdcError(
    'TARGET_NOT_EMPTY',
    `Target table${names.length > 1 ? 's' : ''} ${names.join(', ')} already hold rows`,
    {
      ...(occupied[0] === undefined ? {} : { table: occupied[0] }),
      ...(resumed
        ? {
            hint: 'A table that joins a pipeline is copied: use `existing: replace` to make its rows equal to the source.',
          }
        : {}),
    },
  );
}

/** Throws CONFIG_INVALID for settings that can't go together with the way in which changes are captured. */
function requireSettingsFit({ name, capture, settings }: PipelineSpec): void {
  const [refused] = refusedSettings(capture, settings);
  if (refused === undefined) return;
  throw new CdcError('CONFIG_INVALID', `Pipeline ${name}: ${refused.setting} ${refused.reason}`, {
    hint: `Leave \`${refused.setting}\` as it is by default, or capture by triggers.`,
  });
}

/** Versions of rows are compared with those that the target holds. Throws COLUMN_REQUIRED. */
function requireVersions({ capture }: PipelineSpec, routes: readonly TableRoute[]): void {
  if (capture === 'trigger' || capture.per !== 'row') return;
  const { column } = capture;
  const lacking = routes.find(({ columns }) => !columns.includes(column));
  if (lacking === undefined) return;
  throw new CdcError(
    'COLUMN_REQUIRED',
    `Table ${lacking.id}: its versions are compared, and column ${column} is not replicated`,
    { table: lacking.id, column },
  );
}
