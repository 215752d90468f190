/** The triggers on a captured table. */
import type { TableName } from '../../../model';
import { own, qualify, quote } from '../database';

export interface TriggerPlan {
  readonly table: TableName;
  readonly functionName: string;
  /** One trigger a row, for tables whose rows are also changed by statements on others. */
  readonly rowLevel: boolean;
}

/** Triggers of one kind fire in the order of their names: ours come early, before others can write the row again. */
const PREFIX = '_cdc_';

const ROW = `${PREFIX}row`;
const TRUNCATE = `${PREFIX}truncate`;
const STATEMENT = {
  insert: { name: `${PREFIX}insert`, rows: 'NEW TABLE AS new_rows' },
  update: { name: `${PREFIX}update`, rows: 'OLD TABLE AS old_rows NEW TABLE AS new_rows' },
  delete: { name: `${PREFIX}delete`, rows: 'OLD TABLE AS old_rows' },
} as const;

export function triggerNames(rowLevel: boolean): readonly string[] {
  return [...(rowLevel ? [ROW] : Object.values(STATEMENT).map(({ name }) => name)), TRUNCATE].toSorted();
}

/**
 * ENABLE ALWAYS: changes applied under `session_replication_role = replica`, as by another pipeline, are changes, too.
 */
export function createTriggers({ table, functionName, rowLevel }: TriggerPlan): readonly string[] {
  const on = qualify(table);
  const call = `EXECUTE FUNCTION ${own(functionName)}()`;
  const changes = rowLevel
    ? [`CREATE TRIGGER ${ROW} AFTER INSERT OR UPDATE OR DELETE ON ${on} FOR EACH ROW ${call}`]
    : Object.entries(STATEMENT).map(
        ([event, { name, rows }]) =>
          `CREATE TRIGGER ${name} AFTER ${event.toUpperCase()} ON ${on} REFERENCING ${rows} FOR EACH STATEMENT ${call}`,
      );
  return [
    ...changes,
    `CREATE TRIGGER ${TRUNCATE} BEFORE TRUNCATE ON ${on} FOR EACH STATEMENT ${call}`,
    `ALTER TABLE ${on} ${triggerNames(rowLevel)
      .map((name) => `ENABLE ALWAYS TRIGGER ${name}`)
      .join(', ')}`,
  ];
}

export function dropTriggers(table: TableName): readonly string[] {
  const names = [...new Set([...triggerNames(true), ...triggerNames(false)])];
  return names.map((name) => `DROP TRIGGER IF EXISTS ${quote(name)} ON ${qualify(table)}`);
}
