/** Foreign keys of a table, with what SQLite does to its rows when the parent's change. */
import type { Session } from '../database/session';
import { numberOf, textOf } from '../database/values';

/** What an action writes: the child's rows are changed, deleted, or left alone. */
export type ForeignKeyAction = 'none' | 'update' | 'delete';

export interface ForeignKeyDetail {
  readonly columns: readonly string[];
  /** The parent as its own schema spells it, where it exists. */
  readonly parent: string;
  readonly onDelete: ForeignKeyAction;
  readonly onUpdate: ForeignKeyAction;
}

export function readForeignKeys(session: Session, table: string): readonly ForeignKeyDetail[] {
  const rows = session.all(
    `SELECT f.id, f."from", coalesce(s.name, f."table"), upper(f.on_delete), upper(f.on_update)
FROM pragma_foreign_key_list(?, 'main') AS f
LEFT JOIN main.sqlite_schema AS s ON s.type = 'table' AND s.name = f."table" COLLATE NOCASE
ORDER BY f.id, f.seq`,
    table,
  );
  const keys = new Map<number, ForeignKeyDetail>();
  for (const [idValue, from, parent, onDelete, onUpdate] of rows) {
    const id = numberOf(idValue);
    const columns = [...(keys.get(id)?.columns ?? []), textOf(from)];
    keys.set(id, {
      columns,
      parent: textOf(parent),
      onDelete: textOf(onDelete) === 'CASCADE' ? 'delete' : actionOf(textOf(onDelete)),
      onUpdate: textOf(onUpdate) === 'CASCADE' ? 'update' : actionOf(textOf(onUpdate)),
    });
  }
  return [...keys.values()];
}

function actionOf(action: string): ForeignKeyAction {
  return action === 'SET NULL' || action === 'SET DEFAULT' ? 'update' : 'none';
}
