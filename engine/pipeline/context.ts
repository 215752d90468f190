/** What the functions of a pipeline share: its connections, the ports, and the routes as last resolved. */
import { orderByReferences } from '../apply';
import { nearMissHint, routeTable } from '../capture';
import { CdcError, toCdcError } from '../errors';
import { displayName } from '../model';
import type { TableCheckpoint, TableRoute, TableSchema } from '../model';
import type { Connections } from './connections';
import type { EnginePorts, PipelineRef } from './contract';

export interface PipelineContext {
  readonly ref: PipelineRef;
  readonly ports: EnginePorts;
  readonly connections: Connections;
  readonly sameFamily: boolean;
  /** Routes of checkpointed tables against the source's schema of now, parents first. */
  routesOf(tables: readonly TableCheckpoint[]): Promise<readonly TableRoute[]>;
  /** Routes over all columns of those of these source tables that still exist. */
  capturedRoutes(names: readonly string[]): Promise<readonly TableRoute[]>;
}

export function createContext(
  ref: PipelineRef,
  ports: EnginePorts,
  connections: Connections,
): PipelineContext {
  return {
    ref,
    ports,
    connections,
    sameFamily: connections.sourceAdapter.family === connections.targetAdapter.family,
    async routesOf(tables) {
      const source = await connections.source();
      const schemas = new Map((await source.tables()).map((table) => [displayName(table.name), table]));
      const routes = tables.map((table): TableRoute => {
        const schema = schemas.get(table.source);
        if (schema === undefined) {
          throw new CdcError('SOURCE_SCHEMA_CHANGED', `The source has no table ${table.source} any more`, {
            hint: 'Create it again and resync it, or stop the pipeline and start it without this table.',
            table: table.source,
          });
        }
        return { ...currentRoute(schema, table), target: table.targetTable };
      });
      return orderByReferences(routes);
    },
    async capturedRoutes(names) {
      const source = await connections.source();
      const wanted = new Set(names);
      return (await source.tables())
        .filter((table) => wanted.has(displayName(table.name)) && table.key !== null)
        .map((table) => routeTable(table, { to: null, columns: null }, true));
    },
  };
}

/** The names were settled at setup; only the columns are looked at again. Throws SOURCE_SCHEMA_CHANGED. */
function currentRoute(schema: TableSchema, table: TableCheckpoint): TableRoute {
  try {
    return routeTable(schema, { ...table, to: null }, true);
  } catch (error) {
    // What setup would call a wrong name or a missing key was right when setup looked.
    const { message, hint, column } = toCdcError(error);
    throw new CdcError('SOURCE_SCHEMA_CHANGED', message, {
      hint: `${hint} Then run \`cdc resync\` for this table.`,
      table: table.source,
      ...(column === null ? {} : { column }),
      cause: error,
    });
  }
}

/** The row of a table of this pipeline. Throws TABLE_NOT_IN_PIPELINE with near misses. */
export function findTable(tables: readonly TableCheckpoint[], name: string): TableCheckpoint {
  const found = tables.find((table) => table.source === name);
  if (found !== undefined) return found;
  const names = tables.map((table) => table.source);
  throw new CdcError('TABLE_NOT_IN_PIPELINE', `The pipeline has no table ${name}`, {
    hint: nearMissHint(name, names, `Its tables: ${names.join(', ')}.`),
    table: name,
  });
}
