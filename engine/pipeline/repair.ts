/** Keys to repair: marked here on the target, read again and mended by attempts (`engine/apply/repairs.ts`). */
import { decodeRow, encodeRow, movingTables, REPAIRS_AT_ONCE, rowOf, SWEEP_MARK } from '../apply';
import { CdcError } from '../errors';
import type { RepairKey, RowKey, TableCheckpoint, TableRoute } from '../model';
import { readProgress } from './checkpoint';
import { findTable } from './context';
import type { PipelineContext } from './context';
import type { RepairOutcome, WaitRepairedOptions } from './contract';
import { lookUntil } from './look-until';

/** Keys that are told to be refused: as many as anybody repairs. */
const MOST_REFUSED = 100_000;

/**
 * Throws PIPELINE_UNKNOWN, TABLE_NOT_IN_PIPELINE, and FENCED where the pipeline was resynced meanwhile. A sweep marks no
 * keys of a table that has left the pipeline.
 */
export async function markRepairs(
  context: PipelineContext,
  keys: readonly RowKey[],
  origin: 'repair' | 'sweep' = 'repair',
): Promise<void> {
  const target = await context.connections.target();
  const { checkpoint, tables } = await readProgress(context);
  const wanted = origin === 'sweep' ? keysOf(keys, tables) : keys;
  if (wanted.length === 0) return;
  const named = new Set(wanted.map(({ table }) => findTable(tables, table)));
  const routes = await context.routesOf([...named]);
  // Our objects may be of a former version: it is who marks that needs this one.
  await target.installObjects();
  const request = context.ports.uuid();
  const repairs = wanted.map(({ table, key }, index): RepairKey => ({
    id: `${origin === 'sweep' ? SWEEP_MARK : ''}${request}-${String(index + 1)}`,
    table,
    key: keyText(
      routes.find(({ id }) => id === table),
      key,
    ),
    refused: null,
  }));
  const all = { tables: tables.map(({ source }) => source), refused: true, limit: MOST_REFUSED };
  const former = origin === 'sweep' ? [] : await target.repairs(checkpoint.uuid, all);
  // In several transactions: attempts must not wait for long, and each key is for itself.
  for (let from = 0; from < repairs.length; from += REPAIRS_AT_ONCE) {
    await target.transaction(null, async (tx) => {
      const locked = await tx.lockCheckpoint(context.ref.name);
      if (locked?.uuid !== checkpoint.uuid) {
        throw new CdcError('FENCED', `Pipeline ${context.ref.name} was resynced as a whole meanwhile`);
      }
      // What was refused before is of a former request.
      if (from === 0) await tx.removeRepairs(checkpoint.uuid, { ids: former.map(({ id }) => id) });
      // One that has left the pipeline meanwhile would leave its keys behind.
      const present = await tx.tableCheckpoints(checkpoint.uuid);
      await tx.saveRepairs(checkpoint.uuid, keysOf(repairs.slice(from, from + REPAIRS_AT_ONCE), present));
    });
  }
  await target.flush();
}

/** Those of tables that the pipeline has. */
function keysOf<T extends { readonly table: string }>(
  keys: readonly T[],
  tables: readonly TableCheckpoint[],
): readonly T[] {
  const names = new Set(tables.map(({ source }) => source));
  return keys.filter(({ table }) => names.has(table));
}

function keyText(route: TableRoute | undefined, key: RowKey['key']): string {
  const columns = route?.key ?? Object.keys(key);
  return encodeRow(
    rowOf(
      columns,
      columns.map((column) => key[column] ?? null),
    ),
  );
}

/** Of tables that don't go with the pipeline keys stay marked, and are not waited for. Throws PIPELINE_UNKNOWN. */
export async function waitRepaired(
  context: PipelineContext,
  options: WaitRepairedOptions,
): Promise<RepairOutcome> {
  const target = await context.connections.target();
  const done = await lookUntil(context.ports, options, async () => {
    const { checkpoint, tables } = await readProgress(context);
    const names = movingTables(tables).map(({ source }) => source);
    const left = await target.repairs(checkpoint.uuid, { tables: names, refused: false, limit: 1 });
    return left.length === 0;
  });
  const { checkpoint, tables } = await readProgress(context);
  const query = { tables: tables.map(({ source }) => source), refused: true, limit: MOST_REFUSED };
  const refused = (await target.repairs(checkpoint.uuid, query)).flatMap(({ table, key, refused: why }) =>
    why === null ? [] : [{ table, key: decodeRow(key), ...why }],
  );
  return { done, refused };
}
