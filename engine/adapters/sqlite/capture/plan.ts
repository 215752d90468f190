/** What is to be done so that a table is captured whole, as SQL. */
import {
  addChangeColumns,
  capturedColumns,
  createChangeTable,
  digest,
  planTriggers,
  sameColumn,
} from './triggers';
import { keyOf, type Capture, type CapturedColumn } from './registry';
import { guardsOf } from '../schema/guards';
import { foldName, quote } from '../database/identifiers';
import { hasTable } from '../database/objects';
import type { TableDetail } from '../schema/schema';
import type { Session } from '../database/session';
import { isWord, tokenize } from '../database/tokens';
import { timingOf } from '../schema/trigger-effects';
import { textOf, textOrNull } from '../database/values';

export interface TablePlan {
  readonly table: string;
  /** What is recorded of it now. */
  readonly known: Capture | null;
  /** In their order; none when all is in place. */
  readonly statements: readonly string[];
  readonly changeTable: string;
  readonly columns: readonly CapturedColumn[];
  readonly triggers: Readonly<Record<string, string>>;
  readonly guards: readonly string[];
  /** True when the change table is made anew. */
  readonly fresh: boolean;
  /** True when changes may have been missed until now. */
  readonly hole: boolean;
  /** Columns that were not captured before. */
  readonly added: readonly string[];
}

/** How the table differs from what is captured of it. */
export type CaptureDifference =
  | { readonly kind: 'none' }
  | { readonly kind: 'added'; readonly columns: readonly string[] }
  /** A column was dropped, renamed or retyped, or the key is another: `column` where one can be named. */
  | { readonly kind: 'changed'; readonly column: string | null };

export function compareCaptured(
  { schema }: TableDetail,
  captured: readonly CapturedColumn[],
): CaptureDifference {
  const changed = captured.find((column) => {
    const now = schema.columns.find((candidate) => candidate.name === column.name);
    return now === undefined || !sameColumn(column, now);
  });
  if (changed !== undefined) return { kind: 'changed', column: changed.name };
  if (JSON.stringify(keyOf(captured)) !== JSON.stringify(schema.key?.columns ?? [])) {
    return { kind: 'changed', column: null };
  }
  const names = new Set(captured.map((column) => column.name));
  const added = schema.columns.filter((column) => column.generated === 'no' && !names.has(column.name));
  return added.length === 0
    ? { kind: 'none' }
    : { kind: 'added', columns: added.map((column) => column.name) };
}

/** Why capture of a table is not whole. */
export interface Hole {
  /** `gone`: the table has lost its triggers, so it may be another table under the same name. */
  readonly kind: 'gone' | 'altered';
  /** Completes "Table x: …". */
  readonly reason: string;
}

/** Null when capture is whole. */
export function findHole(session: Session, detail: TableDetail, capture: Capture): Hole | null {
  const found = readTriggers(session, detail.schema.name.name);
  const triggers = Object.entries(capture.triggers);
  if (triggers.some(([name]) => !found.has(name))) {
    return { kind: 'gone', reason: 'its triggers are gone; it may have been dropped and created again' };
  }
  if (triggers.some(([name, expected]) => digest(found.get(name) ?? '') !== expected)) {
    return { kind: 'altered', reason: 'its triggers have been altered' };
  }
  if (!hasTable(session, capture.changeTable)) return { kind: 'altered', reason: 'its change table is gone' };
  if (guardsOf(detail).some(({ victim }) => !capture.guards.includes(victim))) {
    const reason = 'a unique index or a cascade was added, and rows that REPLACE then deleted were not seen';
    return { kind: 'altered', reason };
  }
  if (newerTriggers(session, capture).some((sql) => canSkipOurs(sql))) {
    const reason =
      'a trigger was made after those of capture, and can end a statement before they log its row';
    return { kind: 'altered', reason };
  }
  return null;
}

/**
 * Texts of the application's AFTER triggers that fire before ours. SQLite fires the newest first, which it promises
 * nobody, but has kept to, also when it reads a schema.
 *
 * Such a trigger can fail under an OR FAIL statement, which leaves the row written and ours not fired. That is not
 * seen; installing again makes ours the newest.
 */
function newerTriggers(session: Session, capture: Capture): readonly string[] {
  const own = Object.keys(capture.triggers);
  const found = session.all(
    `SELECT name, coalesce(sql, '') FROM main.sqlite_schema
WHERE type = 'trigger' AND tbl_name = ? COLLATE NOCASE ORDER BY rowid`,
    capture.table,
  );
  const first = found.findIndex(([name]) => own.includes(textOf(name)));
  return found
    .slice(first + 1)
    .filter(([name]) => !own.includes(textOf(name)))
    .map(([, sql]) => textOf(sql))
    .filter((sql) => timingOf(sql) === 'after');
}

/** RAISE(IGNORE) and RAISE(FAIL) leave the row written and fire no further trigger. */
function canSkipOurs(sql: string): boolean {
  const tokens = tokenize(sql);
  return tokens.some((token, index) => isWord(token, 'RAISE') && isWord(tokens[index + 2], 'IGNORE', 'FAIL'));
}

/** `taken`: change tables of other captures. */
export function planTable(
  session: Session,
  detail: TableDetail,
  known: Capture | null,
  taken: ReadonlySet<string>,
): TablePlan {
  if (known === null) return build(session, detail, null, taken);
  const difference = compareCaptured(detail, known.columns);
  if (known.suspended || difference.kind === 'changed' || !hasTable(session, known.changeTable)) {
    return build(session, detail, known, taken);
  }
  const hole = findHole(session, detail, known) !== null;
  const added = difference.kind === 'added' ? difference.columns : [];
  const { triggers, guards } = planTriggers(detail, known.changeTable, freeSuffix(session, detail, known));
  const digests = digestsOf(triggers);
  const columns = capturedColumns(
    detail,
    (name) => known.columns.find((column) => column.name === name)?.since ?? 0,
  );
  // Ours shall be the newest, so that a row is logged before anything else can go wrong with it.
  const first = newerTriggers(session, known).length === 0;
  const inPlace = !hole && first && added.length === 0 && sameEntries(digests, known.triggers);
  const statements = inPlace
    ? []
    : [
        ...dropTriggers(session, known),
        ...addChangeColumns(
          known.changeTable,
          columns.filter((column) => added.includes(column.name)),
        ),
        ...triggers.map(({ sql }) => sql),
      ];
  const { table, changeTable } = known;
  return {
    table,
    known,
    statements,
    changeTable,
    columns,
    triggers: digests,
    guards,
    fresh: false,
    hole,
    added,
  };
}

function build(
  session: Session,
  detail: TableDetail,
  known: Capture | null,
  taken: ReadonlySet<string>,
): TablePlan {
  const table = detail.schema.name.name;
  const changeTable = known?.changeTable ?? freeTableName(session, `cdc_changes_${table}`, taken);
  const columns = capturedColumns(detail, () => 0);
  const { triggers, guards } = planTriggers(detail, changeTable, freeSuffix(session, detail, known));
  const removed =
    known === null
      ? []
      : [
          ...dropTriggers(session, known),
          ...(hasTable(session, changeTable) ? [`DROP TABLE ${quote(changeTable)}`] : []),
        ];
  return {
    table,
    known,
    statements: [...removed, createChangeTable(changeTable, columns), ...triggers.map(({ sql }) => sql)],
    changeTable,
    columns,
    triggers: digestsOf(triggers),
    guards,
    fresh: true,
    hole: known !== null,
    added: [],
  };
}

/** Drops those of a capture's triggers that are there. */
export function dropTriggers(session: Session, { triggers }: Capture): readonly string[] {
  return Object.keys(triggers)
    .filter((name) =>
      session.get(`SELECT 1 FROM main.sqlite_schema WHERE type = 'trigger' AND name = ?`, name),
    )
    .map((name) => `DROP TRIGGER ${quote(name)}`);
}

/** A name that no table, view or index has, nor another capture is about to take. */
function freeTableName(session: Session, wanted: string, taken: ReadonlySet<string>): string {
  const folded = new Set([...taken].map(foldName));
  for (let number = 1; ; number++) {
    const name = number === 1 ? wanted : `${wanted}_${number}`;
    const exists = session.get(
      `SELECT 1 FROM main.sqlite_schema WHERE type <> 'trigger' AND name = ? COLLATE NOCASE`,
      name,
    );
    if (exists === undefined && !folded.has(foldName(name))) return name;
  }
}

/** What to add to the names of our triggers where the application has some of the same name. */
function freeSuffix(session: Session, detail: TableDetail, known: Capture | null): string {
  const own = new Set(Object.keys(known?.triggers ?? {}).map(foldName));
  for (let number = 1; ; number++) {
    const suffix = number === 1 ? '' : `_${number}`;
    const clash = planTriggers(detail, '', suffix).triggers.some(
      ({ name }) =>
        !own.has(foldName(name)) &&
        session.get(
          `SELECT 1 FROM main.sqlite_schema WHERE type = 'trigger' AND name = ? COLLATE NOCASE`,
          name,
        ) !== undefined,
    );
    if (!clash) return suffix;
  }
}

/** Texts of a table's triggers by name. */
function readTriggers(session: Session, table: string): ReadonlyMap<string, string> {
  const rows = session.all(
    `SELECT name, sql FROM main.sqlite_schema WHERE type = 'trigger' AND tbl_name = ? COLLATE NOCASE`,
    table,
  );
  return new Map(rows.map(([name, sql]) => [textOf(name), textOrNull(sql) ?? '']));
}

function digestsOf(
  triggers: readonly { readonly name: string; readonly sql: string }[],
): Record<string, string> {
  return Object.fromEntries(triggers.map(({ name, sql }) => [name, digest(sql)]));
}

function sameEntries(
  one: Readonly<Record<string, string>>,
  other: Readonly<Record<string, string>>,
): boolean {
  const entries = Object.entries(one);
  return (
    entries.length === Object.keys(other).length && entries.every(([name, text]) => other[name] === text)
  );
}
