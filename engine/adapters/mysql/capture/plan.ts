/** What is to be done so that a table is captured whole, as SQL. */
import { own, OWN_PREFIX, quote, type Session } from '../database';
import type { TableDetail } from '../schema/tables';
import type { References } from './cascades';
import { capturedColumns, columnDefinitions, guardedColumns, sameColumn, shortName } from './columns';
import { keyOf, type Capture, type CapturedColumn } from './registry';
import { BROKEN, type SourceState } from './state';
import { digestOf } from './triggers';

/** How the table differs from what is captured of it. */
export type CaptureDifference =
  | { readonly kind: 'none' }
  | { readonly kind: 'added'; readonly columns: readonly string[] }
  /** A column was dropped, renamed or retyped, or the key is another: `column` where one can be named. */
  | { readonly kind: 'changed'; readonly column: string | null };

export function compareCaptured(
  { found, schema }: TableDetail,
  captured: readonly CapturedColumn[],
): CaptureDifference {
  const changed = captured.find((column) => {
    const now = found.columns.find(({ name }) => name === column.name);
    return now?.generated !== 'no' || !sameColumn(column, now);
  });
  if (changed !== undefined) return { kind: 'changed', column: changed.name };
  const key = keyOf(captured).map(({ name }) => name);
  if (JSON.stringify(key) !== JSON.stringify(schema.key?.columns ?? []))
    return { kind: 'changed', column: null };
  const names = new Set(captured.map(({ name }) => name));
  const added = found.columns.filter(({ name, generated }) => generated === 'no' && !names.has(name));
  return added.length === 0 ? { kind: 'none' } : { kind: 'added', columns: added.map(({ name }) => name) };
}

/** Why capture of a table is not whole. */
export interface Hole {
  /** `gone`: the table has lost its triggers, so it may be another table under the same name. */
  readonly kind: 'gone' | 'altered' | 'replaced';
  /** Completes "Table x: …". */
  readonly reason: string;
}

/** Null when capture is whole. */
export function findHole(session: Session, capture: Capture, state: SourceState): Hole | null {
  if (capture.identity === BROKEN) {
    return { kind: 'altered', reason: 'the making of its triggers was cut short' };
  }
  const own = capture.triggers.filter(({ table }) => table === capture.table);
  const found = (name: string): boolean => state.triggers.get(name)?.table === capture.table;
  if (own.some(({ name }) => !found(name))) {
    const reason =
      'its triggers are gone: they were dropped, or another table has taken its name (as online schema changes do)';
    return { kind: 'gone', reason };
  }
  if (capture.triggers.some(({ name, table }) => state.triggers.get(name)?.table !== table)) {
    return { kind: 'altered', reason: 'a table that it references has lost the trigger that logs cascades' };
  }
  const altered = capture.triggers.some(({ name, digest }) => {
    const trigger = state.triggers.get(name);
    return trigger === undefined || digestOf(trigger) !== digest;
  });
  if (altered) return { kind: 'altered', reason: 'its triggers have been altered' };
  if (!state.changeTables.has(capture.changeTable)) {
    return { kind: 'altered', reason: 'its change table is gone' };
  }
  const identity = state.identities.get(capture.table);
  // Numbers of another server say nothing; whether it may be one is asked of the position.
  if (identity !== undefined && capture.identity !== '' && capture.server === session.server) {
    if (identity !== capture.identity) {
      const reason =
        'it or its change table was made anew without a trigger that could tell: by TRUNCATE, a partition that was ' +
        'dropped, truncated or exchanged, or by OPTIMIZE or an ALTER that copies all rows';
      return { kind: 'replaced', reason };
    }
  }
  return null;
}

export interface TablePlan {
  readonly table: string;
  readonly known: Capture | null;
  readonly changeTable: string;
  /** Those of the new capture; `since` of a new one is to be set once its trigger is there. */
  readonly columns: readonly CapturedColumn[];
  /** For the change table, in their order; none when it is as it should be. */
  readonly statements: readonly string[];
  /** True when the change table is made anew. */
  readonly fresh: boolean;
  /** True when changes may have been missed until now. */
  readonly hole: boolean;
  /** Names of columns that were not captured before. */
  readonly added: readonly string[];
  /** True when what was logged until now may not have happened. */
  readonly doubtful: boolean;
}

/** True when an index or a foreign key can refuse values of columns that the triggers take for written. */
export function isDoubtful(
  detail: TableDetail,
  columns: readonly CapturedColumn[],
  references: References,
): boolean {
  const guarded = guardedColumns(detail, references);
  return columns.some((column) => guarded.has(column.name) && !column.guarded);
}

export function planTable(session: Session, detail: TableDetail, state: SourceState): TablePlan {
  const table = detail.found.name;
  const known = state.captures.get(table) ?? null;
  const changeTable = known?.changeTable ?? shortName(`${OWN_PREFIX}changes_${table}`);
  const difference = known === null ? null : compareCaptured(detail, known.columns);
  const isThere = state.changeTables.has(changeTable);
  if (known === null || known.suspended || difference?.kind === 'changed' || !isThere) {
    const columns = capturedColumns(detail, [], state.references);
    return {
      table,
      known,
      changeTable,
      columns,
      statements: [
        ...(isThere ? [`DROP TABLE IF EXISTS ${own(session, changeTable)}`] : []),
        createChangeTable(session, changeTable, detail, columns),
      ],
      fresh: true,
      hole: known !== null,
      added: [],
      doubtful: false,
    };
  }
  const added = difference?.kind === 'added' ? difference.columns : [];
  const columns = capturedColumns(detail, known.columns, state.references);
  const definitions = columnDefinitions(
    detail,
    columns.filter(({ name }) => added.includes(name)),
  );
  return {
    table,
    known,
    changeTable,
    columns,
    statements:
      added.length === 0
        ? []
        : [
            `ALTER TABLE ${own(session, changeTable)}\n  ${definitions.map((one) => `ADD COLUMN ${one}`).join(',\n  ')}`,
          ],
    fresh: false,
    hole: findHole(session, known, state) !== null,
    added,
    doubtful: isDoubtful(detail, known.columns, state.references),
  };
}

function createChangeTable(
  session: Session,
  name: string,
  detail: TableDetail,
  columns: readonly CapturedColumn[],
): string {
  const lines = [
    `${quote('id')} BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY`,
    `${quote('op')} VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL`,
    `${quote('again')} TINYINT NOT NULL DEFAULT 0`,
    `${quote('changed_at')} DATETIME(3) NOT NULL`,
    ...columnDefinitions(detail, columns),
  ];
  return `CREATE TABLE ${own(session, name)} (\n  ${lines.join(',\n  ')}\n) ENGINE = InnoDB ROW_FORMAT = DYNAMIC`;
}
