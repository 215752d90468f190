/**
 * What a write to a table can cause beyond itself: foreign key actions and triggers, followed from table to table to
 * see whether they come round to where they began.
 *
 * Our trigger logs a row after it was written; in between run foreign key actions and the triggers that fire before
 * ours. If those come round to the same table, the inner write is logged before the outer one, and a row that
 * REPLACE deletes unseen may be written once more after it was logged as touched. Such a table is read again by key.
 */
import { ownTriggers } from '../capture/registry';
import { readForeignKeys } from './foreign-keys';
import { foldName } from '../database/identifiers';
import type { Session } from '../database/session';
import { tokenize } from '../database/tokens';
import { parseTrigger, ROW_EVENTS, type RowEvent } from './trigger-effects';
import { textOf } from '../database/values';

interface Cause {
  readonly table: string;
  readonly event: RowEvent;
}

interface Effect extends Cause {
  readonly by: 'trigger' | 'action' | 'replace';
}

type Effects = ReadonlyMap<string, readonly Effect[]>;

/** Folded names of tables. */
export interface Returning {
  /** Writes come round: rows are read again by key. */
  readonly reread: ReadonlySet<string>;
  /**
   * Deleting a row of the table can delete or write another one by a cascade, also where REPLACE deletes it and no
   * delete trigger fires: the row that REPLACE makes room for may be gone then.
   */
  readonly cascading: ReadonlySet<string>;
}

/** `names` are all tables and views. */
export function findReturning(session: Session, names: readonly string[]): Returning {
  const tables = names.map(foldName);
  const effects = readEffects(session, tables);
  const after = (table: string, event: RowEvent): readonly Effect[] =>
    effects.get(keyOf({ table, event })) ?? [];
  const isReread = (table: string): boolean =>
    // Of deletes that only cascades cause each hits another row, so their order means nothing.
    ROW_EVENTS.some((event) => returnsTo(effects, table, after(table, event), (path) => path !== 'cascade'));
  const isCascading = (table: string): boolean => {
    const actions = after(table, 'delete').filter((effect) => effect.by === 'action');
    return returnsTo(effects, table, actions, () => true);
  };
  return { reread: new Set(tables.filter(isReread)), cascading: new Set(tables.filter(isCascading)) };
}

/** `cascade`: nothing but deletes by ON DELETE CASCADE. */
type Path = 'cascade' | 'mixed';

/** True when the table is written in consequence of these effects, on a path that counts. */
function returnsTo(
  effects: Effects,
  table: string,
  first: readonly Effect[],
  counts: (path: Path) => boolean,
): boolean {
  const pathOf = (effect: Effect, before: Path): Path =>
    before === 'cascade' && effect.by === 'action' && effect.event === 'delete' ? 'cascade' : 'mixed';
  const queue = first.map((effect) => ({ effect, path: pathOf(effect, 'cascade') }));
  const seen = new Set<string>();
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const { effect, path } = next;
    if (effect.table === table && counts(path)) return true;
    const state = `${path} ${keyOf(effect)}`;
    if (seen.has(state)) continue;
    seen.add(state);
    const caused: Effect[] = [...(effects.get(keyOf(effect)) ?? [])];
    // A write elsewhere may be a REPLACE, whose victims have triggers and actions of their own.
    if (effect.event !== 'delete' && effect.table !== table) {
      caused.push({ table: effect.table, event: 'delete', by: 'replace' });
    }
    queue.push(...caused.map((other) => ({ effect: other, path: pathOf(other, path) })));
  }
  return false;
}

function keyOf({ table, event }: Cause): string {
  return `${event} ${table}`;
}

function readEffects(session: Session, tables: readonly string[]): Effects {
  const effects = new Map<string, Effect[]>();
  const add = (cause: Cause, effect: Effect): void => {
    const known = effects.get(keyOf(cause));
    if (known === undefined) effects.set(keyOf(cause), [effect]);
    else known.push(effect);
  };
  for (const table of tables) addForeignKeys(session, table, add);
  addTriggers(session, tables, add);
  return effects;
}

function addForeignKeys(session: Session, child: string, add: (cause: Cause, effect: Effect) => void): void {
  for (const { parent: parentName, onDelete, onUpdate } of readForeignKeys(session, child)) {
    const parent = foldName(parentName);
    if (onDelete !== 'none') {
      add({ table: parent, event: 'delete' }, { table: child, event: onDelete, by: 'action' });
    }
    if (onUpdate !== 'none') {
      add({ table: parent, event: 'update' }, { table: child, event: onUpdate, by: 'action' });
    }
  }
}

function addTriggers(
  session: Session,
  tables: readonly string[],
  add: (cause: Cause, effect: Effect) => void,
): void {
  const ours = ownTriggers(session);
  const opaque = opaqueTables(session);
  const functions = new Set(
    session.all('SELECT DISTINCT name FROM pragma_function_list').map(([name]) => foldName(textOf(name))),
  );
  const triggers = session.all(
    `SELECT name, tbl_name, coalesce(sql, '') FROM main.sqlite_schema WHERE type = 'trigger'`,
  );
  for (const [name, tableName, sql] of triggers) {
    if (ours.has(textOf(name))) continue;
    const table = foldName(textOf(tableName));
    const effect = parseTrigger(textOf(sql), functions);
    const unknown =
      effect === null || effect.callsUnknown || [...effect.writes].some((written) => opaque.has(written));
    const written = unknown ? tables : [...effect.writes];
    for (const event of effect === null ? ROW_EVENTS : [effect.event]) {
      for (const target of written) {
        // An INSERT can be a REPLACE or an upsert, so any write counts as all.
        for (const writes of ROW_EVENTS)
          add({ table, event }, { table: target, event: writes, by: 'trigger' });
      }
    }
  }
}

/** Modules that write nothing but tables of their own. */
const KNOWN_MODULES = new Set(['fts3', 'fts4', 'fts5', 'rtree', 'rtree_i32', 'geopoly']);

/** Folded names of virtual tables whose module may write anything. */
function opaqueTables(session: Session): ReadonlySet<string> {
  const rows = session.all(
    `SELECT name, sql FROM main.sqlite_schema WHERE type = 'table' AND rootpage = 0 AND sql IS NOT NULL`,
  );
  const opaque = rows.filter(([, sql]) => {
    const tokens = tokenize(textOf(sql));
    const using = tokens.findIndex((token) => token.kind === 'word' && foldName(token.text) === 'using');
    return !KNOWN_MODULES.has(foldName(tokens[using + 1]?.text ?? ''));
  });
  return new Set(opaque.map(([name]) => foldName(textOf(name))));
}
