/** The texts of our triggers: what they log of a row, and how they stand a table that has changed under them. */
import { quote } from '../database';
import type { CascadePath } from './cascades';
import { membersOf, nativeName } from '../schema/types';
import { keyOf, type CapturedColumn } from './registry';

/** Where a trigger logs to. */
export interface ChangeLog {
  readonly table: string;
  /** The change table, qualified and quoted. */
  readonly changes: string;
  readonly columns: readonly CapturedColumn[];
}

const NOW = 'UTC_TIMESTAMP(3)';

/**
 * What a column or a table that was dropped, renamed or declared anew makes of logging a row. No catch-all: a lock that
 * was not had must fail the statement, and MySQL's 1265 is no SQLEXCEPTION.
 */
const DRIFT = '1048, 1054, 1146, 1264, 1265, 1292, 1366, 1367, 1406, 1416, 3140';

/** Handlers for a block: the key alone (`?`) instead of the row, and a want of a resync (`!`) where even that fails. */
function standDrift(log: ChangeLog, keys: readonly (readonly [column: string, value: string])[]): string {
  const { changes } = log;
  const resync = `BEGIN
      DECLARE EXIT HANDLER FOR 1054, 1146 BEGIN END;
      INSERT INTO ${changes} (op, changed_at) VALUES ('!', ${NOW});
    END`;
  if (keys.length === 0) return `DECLARE EXIT HANDLER FOR ${DRIFT} ${resync};`;
  return `DECLARE EXIT HANDLER FOR ${DRIFT} BEGIN
    DECLARE EXIT HANDLER FOR ${DRIFT} ${resync};
    INSERT INTO ${changes} (op, changed_at, ${keys.map(([column]) => quote(column)).join(', ')})
    VALUES ('?', ${NOW}, ${keys.map(([, value]) => value).join(', ')});
  END;`;
}

/** `again`: an expression that is 1 when the row has to be looked at, since it may not have been written. */
function insertRow(log: ChangeLog, op: string, sides: readonly ('old' | 'new')[], again = '0'): string {
  const columns = sides.flatMap((side) =>
    log.columns.map(({ oldName, newName }) => quote(side === 'old' ? oldName : newName)),
  );
  const values = sides.flatMap((side) =>
    log.columns.map(({ name, declared }) => logged(`${side.toUpperCase()}.${quote(name)}`, declared)),
  );
  return `INSERT INTO ${log.changes} (op, again, changed_at, ${columns.join(', ')})
  VALUES ('${op}', ${again}, ${NOW}, ${values.join(', ')});`;
}

/** A SET is copied by its text, which does not tell an empty member: by its number it is. */
function logged(value: string, declared: string): string {
  return nativeName(declared) === 'set' && membersOf(declared).includes('') ? `${value} + 0` : value;
}

const KEY_VALUES = {
  old: ({ oldName, name }: CapturedColumn) => [oldName, `OLD.${quote(name)}`] as const,
  new: ({ newName, name }: CapturedColumn) => [newName, `NEW.${quote(name)}`] as const,
};

export function insertTrigger(log: ChangeLog): string {
  return `BEGIN
  ${standDrift(log, keyOf(log.columns).map(KEY_VALUES.new))}
  ${insertRow(log, 'insert', ['new'])}
END`;
}

export function deleteTrigger(log: ChangeLog): string {
  return `BEGIN
  ${standDrift(log, keyOf(log.columns).map(KEY_VALUES.old))}
  ${insertRow(log, 'delete', ['old'])}
END`;
}

export function updateTrigger(log: ChangeLog): string {
  const key = keyOf(log.columns);
  const guards = log.columns
    .filter((column) => column.guarded && column.key === 0)
    .map(({ name, collation }) => sameValue(name, collation !== null));
  const again = guards.length === 0 ? '0' : `NOT (${guards.join(' AND ')})`;
  return `BEGIN
  ${standDrift(log, [...key.map(KEY_VALUES.old), ...key.map(KEY_VALUES.new)])}
  IF ${key.map(({ name, collation }) => sameValue(name, collation !== null)).join(' AND ')} THEN
  ${insertRow(log, 'update', ['old', 'new'], again)}
  ELSE
  ${insertRow(log, 'delete', ['old'], '1')}
  ${insertRow(log, 'insert', ['new'], '1')}
  END IF;
END`;
}

/** Texts that a collation takes for equal are different keys elsewhere. */
function sameValue(name: string, isText: boolean): string {
  const [before, after] = [`OLD.${quote(name)}`, `NEW.${quote(name)}`];
  return isText ? `CAST(${before} AS BINARY) <=> CAST(${after} AS BINARY)` : `${before} <=> ${after}`;
}

/**
 * The trigger that logs rows which a deletion, or another key, changes in tables that reference them. It locks them all
 * first: only then no other transaction can get an id for one of them in between. What is logged is read again by its
 * key, since the statement can still fail for this row.
 */
export function cascadeTrigger(
  paths: readonly CascadePath[],
  logOf: (table: string) => ChangeLog,
  root: string,
): string {
  const parts = paths.map((path) => cascadePart(path, logOf, root));
  return `BEGIN
  DECLARE cdc_rows BIGINT;
  IF @@SESSION.foreign_key_checks = 1 THEN
  ${parts.map(({ lock }) => lock).join('\n  ')}
  ${parts.map(({ log }) => log).join('\n  ')}
  END IF;
END`;
}

function cascadePart(
  { event, steps }: CascadePath,
  logOf: (table: string) => ChangeLog,
  root: string,
): { readonly lock: string; readonly log: string } {
  const last = steps.at(-1);
  const [first] = steps;
  if (last === undefined || first === undefined) return { lock: '', log: '' };
  const log = logOf(last.table);
  const row = `c${steps.length}`;
  const from = steps
    .map(({ table, on }, index) => {
      if (index === 0) return `${quote(table)} AS c1`;
      const conditions = on.map(
        ({ column, referenced }) => `c${index + 1}.${quote(column)} = c${index}.${quote(referenced)}`,
      );
      return `JOIN ${quote(table)} AS c${index + 1} ON ${conditions.join(' AND ')}`;
    })
    .join(' ');
  const where = first.on
    .map(({ column, referenced }) => `c1.${quote(column)} = OLD.${quote(referenced)}`)
    .join(' AND ');
  const rows = `FROM ${from} WHERE ${where}`;
  // A trigger may read the table that fired it, but not ask for a lock to write it; nobody else can write it then.
  const mode = steps.some(({ table }) => table === root) ? 'LOCK IN SHARE MODE' : 'FOR UPDATE';
  const lock = `SELECT COUNT(*) INTO cdc_rows ${rows} ${mode};`;
  const block = `BEGIN
    ${standDrift(log, [])}
    ${logCascade(log, last, row, rows)}
  END;`;
  if (event === 'delete') return { lock, log: block };
  const changed = first.on.map(({ referenced }) => sameValue(referenced, true)).join(' AND ');
  const guard = (statements: string): string => `IF NOT (${changed}) THEN ${statements} END IF;`;
  return { lock: guard(lock), log: guard(block) };
}

function logCascade(
  log: ChangeLog,
  { effect, changes }: CascadePath['steps'][number],
  row: string,
  rows: string,
): string {
  const before = log.columns.map(({ name }) => `${row}.${quote(name)}`);
  const after = log.columns.map(({ name }) => {
    const change = changes.get(name);
    if (change === undefined) return `${row}.${quote(name)}`;
    return change === null ? 'NULL' : `NEW.${quote(change.root)}`;
  });
  const oldNames = log.columns.map(({ oldName }) => quote(oldName));
  const newNames = log.columns.map(({ newName }) => quote(newName));
  const insert = (op: string, names: readonly string[], values: readonly string[]): string =>
    `INSERT INTO ${log.changes} (op, again, changed_at, ${names.join(', ')})
    SELECT '${op}', 1, ${NOW}, ${values.join(', ')} ${rows};`;
  if (effect === 'delete') return insert('delete', oldNames, before);
  if (keyOf(log.columns).some(({ name }) => changes.has(name))) {
    return `${insert('delete', oldNames, before)} ${insert('insert', newNames, after)}`;
  }
  return insert('update', [...oldNames, ...newNames], [...before, ...after]);
}
