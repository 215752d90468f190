/**
 * What deletions and changed keys do to tables that reference them. Foreign keys fire no triggers of the tables that
 * they change, so the trigger of the table that is referenced logs those rows, of all depths.
 */
import type { TableRefusal } from '../../../model';
import type { FoundForeignKey } from '../schema/catalog';

/** Foreign keys by the table that has them. */
export type References = ReadonlyMap<string, readonly FoundForeignKey[]>;

/** One foreign key on the way from a row that is deleted, or gets another key, to a row that this changes. */
export interface CascadeStep {
  readonly table: string;
  /** Pairs of a column of this step's table and the column that it references in the step before. */
  readonly on: readonly { readonly column: string; readonly referenced: string }[];
  readonly effect: 'delete' | 'update';
  /** What columns get by it: NULL, or what a column of the first table gets. */
  readonly changes: ReadonlyMap<string, { readonly root: string } | null>;
}

export interface CascadePath {
  readonly event: 'delete' | 'update';
  /** The last one is of a captured table. */
  readonly steps: readonly CascadeStep[];
}

/** How deep the servers follow. */
const DEEPEST = 15;

/** All ways from a table to captured ones. Cycles are left out: `cascadeRefusal` refuses the tables in them. */
export function cascadesFrom(
  root: string,
  references: References,
  isCaptured: (table: string) => boolean,
  database: string,
): readonly CascadePath[] {
  const children = childrenOf(references, database);
  const paths: CascadePath[] = [];
  const walk = (
    event: CascadePath['event'],
    parent: string,
    effect: 'delete' | 'update',
    changes: CascadeStep['changes'] | null,
    steps: readonly CascadeStep[],
  ): void => {
    if (steps.length === DEEPEST) return;
    for (const { table, key } of children.get(parent) ?? []) {
      const step = stepOf(table, key, effect, changes);
      if (step === null) continue;
      const next = [...steps, step];
      const isSelf = table === root && steps.length === 0 && effect === 'delete' && step.effect === 'update';
      if (table === root ? !isSelf : steps.some((before) => before.table === table)) continue;
      if (isCaptured(table)) paths.push({ event, steps: next });
      if (!isSelf) walk(event, table, step.effect, step.changes, next);
    }
  };
  walk('delete', root, 'delete', null, []);
  walk('update', root, 'update', null, []);
  return paths;
}

/** Null when the foreign key does nothing to the rows that have it. `changes` null: of the first table, all columns. */
function stepOf(
  table: string,
  key: FoundForeignKey,
  effect: 'delete' | 'update',
  changes: CascadeStep['changes'] | null,
): CascadeStep | null {
  const action = effect === 'delete' ? key.onDelete : key.onUpdate;
  const concerned =
    effect === 'delete' || changes === null || key.referenced.some((name) => changes.has(name));
  if (action === 'none' || !concerned) return null;
  const on = key.columns.map((column, place) => ({ column, referenced: key.referenced[place] ?? '' }));
  if (effect === 'delete' && action === 'cascade') return { table, on, effect: 'delete', changes: new Map() };
  const result = new Map<string, { readonly root: string } | null>();
  for (const { column, referenced } of on) {
    if (action === 'set null') result.set(column, null);
    else if (changes === null) result.set(column, { root: referenced });
    else if (changes.has(referenced)) result.set(column, changes.get(referenced) ?? null);
  }
  return { table, on, effect: 'update', changes: result };
}

interface Child {
  readonly table: string;
  readonly key: FoundForeignKey;
}

/** Foreign keys by the table that they reference. */
function childrenOf(references: References, database: string): ReadonlyMap<string, readonly Child[]> {
  const children = new Map<string, Child[]>();
  for (const [table, keys] of references) {
    for (const key of keys) {
      if (key.schema !== database) continue;
      children.set(key.table, [...(children.get(key.table) ?? []), { table, key }]);
    }
  }
  return children;
}

/** Tables from which a deletion or a changed key can come to a table, itself left out. */
export function cascadingParents(table: string, references: References, database: string): readonly string[] {
  const found = new Set<string>();
  const queue = [table];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    for (const key of references.get(next) ?? []) {
      if (!isActive(key) || key.schema !== database || found.has(key.table)) continue;
      found.add(key.table);
      queue.push(key.table);
    }
  }
  found.delete(table);
  return [...found].sort();
}

function isActive({ onDelete, onUpdate }: FoundForeignKey): boolean {
  return onDelete !== 'none' || onUpdate !== 'none';
}

/** Why what foreign keys do to a table can't be captured; null where it can. `key`: of the table. */
export function cascadeRefusal(
  table: string,
  key: readonly string[],
  references: References,
  database: string,
): TableRefusal | null {
  const refuse = (reason: string, remedy: string): TableRefusal => ({
    code: 'TABLE_UNSUPPORTED',
    reason,
    remedy,
  });
  const within = [table, ...cascadingParents(table, references, database)];
  for (const name of within) {
    for (const foreign of references.get(name) ?? []) {
      if (!isActive(foreign)) continue;
      const named =
        name === table ? `its foreign key ${foreign.name}` : `the foreign key ${foreign.name} of ${name}`;
      if (foreign.schema !== database) {
        return refuse(
          `${named} changes rows when some of database ${foreign.schema} are deleted, where capture has no triggers`,
          'Make the foreign key RESTRICT, or move the tables into one database.',
        );
      }
      // Of a table that references itself, ON UPDATE changes nothing: the servers refuse such an update.
      const isLoop =
        foreign.table === name
          ? foreign.onDelete === 'cascade'
          : cascadingParents(foreign.table, references, database).includes(name);
      if (isLoop) {
        return refuse(
          `${named} is part of a circle of foreign keys, along which rows are deleted without any trigger that could tell which`,
          'Make a foreign key of the circle RESTRICT, and delete the rows that reference others first.',
        );
      }
      if (name !== table && foreign.onUpdate === 'cascade' && key.length > 0) continue;
    }
  }
  const moved = within
    .flatMap((root) => cascadesFrom(root, references, (name) => name === table, database))
    .find(({ event, steps }) => {
      const last = steps.at(-1);
      return (
        event === 'update' && steps.length > 1 && key.some((column) => last?.changes.has(column) === true)
      );
    });
  if (moved === undefined) return null;
  return refuse(
    'its key is changed by foreign keys along several tables, and the new one is not known to any trigger',
    'Make one of the foreign keys ON UPDATE RESTRICT.',
  );
}
