/**
 * The change table and the triggers of a captured table, as SQL. They run in the application's own SQLite, which may
 * be years older than ours: nothing here is newer than version 3.24.
 */
import { createHash } from 'node:crypto';
import type { ColumnSchema } from '../../../model';
import type { CapturedColumn } from './registry';
import { guardsOf, sameSpelling, VICTIM, type Guard } from '../schema/guards';
import { quote, quoteAll } from '../database/identifiers';
import type { TableDetail } from '../schema/schema';

/** The columns that are captured: all but generated ones, which follow from the others. */
export function capturedColumns(
  { schema }: TableDetail,
  since: (column: string) => number,
): readonly CapturedColumn[] {
  return schema.columns
    .filter((column) => column.generated === 'no')
    .map(({ name, declaredType, nullable, collation }) => ({
      name,
      type: declaredType,
      nullable,
      collation,
      key: (schema.key?.columns.indexOf(name) ?? -1) + 1,
      since: since(name),
    }));
}

/**
 * Columns without a type take every value as it is; only the key's have a collation, so that people find a key in
 * the change table as they find it in the table.
 */
export function createChangeTable(changeTable: string, columns: readonly CapturedColumn[]): string {
  const values = ['old', 'new'].flatMap((image) => columns.map((column) => imageColumn(image, column)));
  return `CREATE TABLE ${quote(changeTable)} (\n  id INTEGER PRIMARY KEY,\n  op,\n  changed_at,\n  ${values.join(',\n  ')}\n)`;
}

export function addChangeColumns(changeTable: string, columns: readonly CapturedColumn[]): readonly string[] {
  return columns.flatMap((column) =>
    ['old', 'new'].map(
      (image) => `ALTER TABLE ${quote(changeTable)} ADD COLUMN ${imageColumn(image, column)}`,
    ),
  );
}

function imageColumn(image: string, { name, collation, key }: CapturedColumn): string {
  return quote(`${image}_${name}`) + (key > 0 && collation !== null ? ` COLLATE ${quote(collation)}` : '');
}

export interface Trigger {
  readonly name: string;
  readonly sql: string;
}

export interface CapturePlan {
  readonly triggers: readonly Trigger[];
  readonly guards: readonly string[];
}

/** What captures a table now. `suffix` makes the triggers' names differ from others'. */
export function planTriggers(detail: TableDetail, changeTable: string, suffix = ''): CapturePlan {
  const table = detail.schema.name.name;
  const writer: Writer = { detail, table: quote(table), changeTable: quote(changeTable) };
  const guards = guardsOf(detail);
  const named = (action: string, body: string | null): readonly Trigger[] =>
    body === null ? [] : [trigger(`_cdc_${table}_${action}${suffix}`, body)];
  const sameKey = sameSpelling(detail, 'OLD', 'NEW');
  return {
    triggers: [
      ...named('insert', `AFTER INSERT ON ${writer.table}\nBEGIN${log(writer, 'insert', ['NEW'])}\nEND`),
      ...named(
        'update',
        `AFTER UPDATE ON ${writer.table} WHEN ${sameKey}\nBEGIN${log(writer, 'update', ['OLD', 'NEW'])}\nEND`,
      ),
      ...named(
        'move',
        // No `UPDATE OF key`: a rowid can be set under names that are none of the key's.
        `AFTER UPDATE ON ${writer.table} WHEN NOT (${sameKey})\nBEGIN${log(writer, 'delete', ['OLD'])}${log(writer, 'insert', ['NEW'])}\nEND`,
      ),
      ...named('delete', `AFTER DELETE ON ${writer.table}\nBEGIN${log(writer, 'delete', ['OLD'])}\nEND`),
      ...named('touchinsert', touchInsert(writer, guards)),
      ...named('touchupdate', touchUpdate(writer, guards)),
      ...named('touchrowid', touchRowid(writer, guards)),
    ],
    guards: guards.map((guard) => guard.victim),
  };
}

/** What tells whether a trigger still has the text that was given to it. */
export function digest(sql: string): string {
  return createHash('sha256').update(sql).digest('base64url');
}

interface Writer {
  readonly detail: TableDetail;
  /** Quoted. */
  readonly table: string;
  readonly changeTable: string;
}

function trigger(name: string, body: string): Trigger {
  // This is the text that SQLite keeps: it compares equal to what it tells later.
  return { name, sql: `CREATE TRIGGER ${quote(name)} ${body}` };
}

/**
 * Each look at the counter opens a cursor, a fifth of what capture costs, so the time is not read back: within one
 * statement SQLite's 'now' stands still, and what the change gets is the counter's own.
 */
const NOW = `julianday('now')`;
const COUNT = `UPDATE _cdc_counter SET n = n + 1, at = ${NOW} WHERE one = 1`;
const ID = '(SELECT n FROM _cdc_counter WHERE one = 1)';

type Op = 'insert' | 'update' | 'delete';

/** Logs one change: the next id of all tables, and the row before and after. */
function log({ detail, changeTable }: Writer, op: Op, images: readonly ('OLD' | 'NEW')[]): string {
  const columns = detail.schema.columns.filter((column) => column.generated === 'no');
  const names = images.flatMap((image) => columns.map((column) => `${image.toLowerCase()}_${column.name}`));
  const values = images.flatMap((image) => columns.map((column) => `${image}.${quote(column.name)}`));
  return `
  ${COUNT};
  INSERT INTO ${changeTable} (id, op, changed_at, ${quoteAll(names)})
  VALUES (${ID}, '${op}', ${NOW}, ${values.join(', ')});`;
}

/** Logs the row that a guard finds in the way. There is one at most: the guard speaks of a unique index. */
function touch({ detail, table, changeTable }: Writer, victims: string): string {
  const key = detail.schema.key?.columns ?? [];
  const names = key.map((name) => `old_${name}`);
  const values = key.map((name) => `${VICTIM}.${quote(name)}`);
  // Subqueries, not a join: the words of a partial index's predicate must find no other table's columns.
  return `
  ${COUNT} AND EXISTS (SELECT 1 FROM ${table} AS ${VICTIM} WHERE ${victims});
  INSERT INTO ${changeTable} (id, op, changed_at, ${quoteAll(names)})
  SELECT ${ID}, 'touch', ${NOW}, ${values.join(', ')}
  FROM ${table} AS ${VICTIM} WHERE ${victims};`;
}

/** Rows to look for, and what is looked at before, because it costs less than looking. */
interface Search {
  readonly victims: string;
  readonly condition: string | null;
}

function touchBody(writer: Writer, searches: readonly Search[]): string {
  const found = searches.map(({ victims, condition }) => {
    const exists = `EXISTS (SELECT 1 FROM ${writer.table} AS ${VICTIM} WHERE ${victims})`;
    return condition === null ? exists : `(${condition} AND ${exists})`;
  });
  return `WHEN ${found.join('\n  OR ')}\nBEGIN${searches.map(({ victims }) => touch(writer, victims)).join('')}\nEND`;
}

function touchInsert(writer: Writer, guards: readonly Guard[]): string | null {
  const wanted = guards.filter((guard) => guard.kind !== 'key');
  if (wanted.length === 0) return null;
  const itself = sameSpelling(writer.detail, VICTIM, 'NEW');
  const rowid = writer.detail.hiddenRowid ?? '';
  const searches = wanted.map(({ victim, kind }) => ({
    victims: `${victim} AND NOT (${itself})`,
    // Before an INSERT this is the rowid that SQLite has yet to choose.
    condition: kind === 'rowid' ? `NEW.${rowid} <> -1` : null,
  }));
  return `BEFORE INSERT ON ${writer.table} ${touchBody(writer, searches)}`;
}

function touchUpdate(writer: Writer, guards: readonly Guard[]): string | null {
  const wanted = guards.filter((guard) => guard.kind !== 'rowid');
  if (wanted.length === 0) return null;
  const searches = wanted.map(({ victim }) => ({
    victims: `${victim} AND NOT (${isOld(writer)})`,
    condition: null,
  }));
  const columns = new Set(wanted.flatMap((guard) => guard.columns ?? []));
  const anyColumn = wanted.some((guard) => guard.columns === null);
  return `BEFORE UPDATE ${anyColumn ? '' : `OF ${quoteAll([...columns])} `}ON ${writer.table} ${touchBody(writer, searches)}`;
}

function touchRowid(writer: Writer, guards: readonly Guard[]): string | null {
  const rowid = writer.detail.hiddenRowid;
  const guard = guards.find((candidate) => candidate.kind === 'rowid');
  if (rowid === null || guard === undefined) return null;
  const victims = `${guard.victim} AND NOT (${isOld(writer)})`;
  const search = { victims, condition: `NEW.${rowid} IS NOT OLD.${rowid}` };
  return `BEFORE UPDATE ON ${writer.table} ${touchBody(writer, [search])}`;
}

/** A row of the table is the one that is being updated. */
function isOld({ detail }: Writer): string {
  const key: readonly string[] = detail.schema.key?.columns ?? [];
  return key.map((name) => `${VICTIM}.${quote(name)} IS OLD.${quote(name)}`).join(' AND ');
}

/** True for what capture can follow: the captured columns are as they were. */
export function sameColumn(captured: CapturedColumn, column: ColumnSchema): boolean {
  return (
    captured.type === column.declaredType &&
    captured.nullable === column.nullable &&
    captured.collation === column.collation &&
    column.generated === 'no'
  );
}
