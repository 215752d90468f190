/** What adapters store of checkpoints, dead letters and consumers as text, read back; a later version may have written it. */
import { CdcError } from '../errors';
import type { TableSelection, TableState } from './checkpoint';
import type { RowFailureCode, SetAside } from './dead-letter';
import type { ColumnNames, ColumnType, ColumnTypes } from './pipeline';
import type { RepairKey } from './repair';

/** Throws INTERNAL for what this version does not know, as the others here. */
export function tableStateOf(text: string): TableState {
  return oneOf(text, ['snapshotting', 'replicating', 'parked'], 'table checkpoint');
}

/**
 * What a table checkpoint keeps of `columns` as text: JSON of the columns' names, or of all that is chosen; null where
 * that is all columns and rows under their own names. In which order columns are renamed or typed says nothing.
 */
export function selectionText({ columns, where, rename, types = null }: TableSelection): string | null {
  const renamed = rename === null ? null : inOrder(rename);
  if (types !== null) return JSON.stringify({ columns, where, rename: renamed, types: typesInOrder(types) });
  if (where !== null || renamed !== null) return JSON.stringify({ columns, where, rename: renamed });
  return columns === null ? null : JSON.stringify(columns);
}

function inOrder<T>(named: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(named).sort(([one], [other]) => (one < other ? -1 : 1)));
}

function typesInOrder(types: ColumnTypes): ColumnTypes {
  return inOrder(
    Object.fromEntries(Object.entries(types).map(([name, { type, lossy }]) => [name, { type, lossy }])),
  );
}

/** What `selectionText` made, or a former version did. */
export function selectionOf(json: string | null): TableSelection {
  const parsed: unknown = json === null ? null : JSON.parse(json);
  if (parsed === null || Array.isArray(parsed)) {
    return { columns: parsed === null ? null : namesOf(parsed), where: null, rename: null };
  }
  const { columns, where, rename, types = null, ...others } = fieldsOf(parsed);
  if (!(where === null || typeof where === 'string') || Object.keys(others).length > 0) {
    throw unreadable('table checkpoint');
  }
  return {
    columns: columns === null ? null : namesOf(columns),
    where,
    rename: rename === null ? null : columnNamesOf(rename),
    ...(types === null ? {} : { types: columnTypesOf(types) }),
  };
}

function namesOf(parsed: unknown): readonly string[] {
  if (!Array.isArray(parsed)) throw unreadable('table checkpoint');
  return parsed.map((name: unknown) => {
    if (typeof name !== 'string') throw unreadable('table checkpoint');
    return name;
  });
}

function columnNamesOf(parsed: unknown): ColumnNames {
  return Object.fromEntries(
    Object.entries(fieldsOf(parsed)).map(([name, value]): [string, string] => {
      if (typeof value !== 'string') throw unreadable('table checkpoint');
      return [name, value];
    }),
  );
}

function columnTypesOf(parsed: unknown): ColumnTypes {
  return Object.fromEntries(
    Object.entries(fieldsOf(parsed)).map(([name, value]): [string, ColumnType] => {
      const { type, lossy } = fieldsOf(value);
      if (!(type === null || typeof type === 'string') || typeof lossy !== 'boolean') {
        throw unreadable('table checkpoint');
      }
      return [name, { type, lossy }];
    }),
  );
}

function fieldsOf(parsed: unknown): Readonly<Record<string, unknown>> {
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw unreadable('table checkpoint');
  }
  return Object.fromEntries(Object.entries<unknown>({ ...parsed }));
}

export function letterOpOf(text: string): SetAside['op'] {
  return oneOf(text, ['upsert', 'delete'], 'dead letter');
}

export function letterCodeOf(text: string): RowFailureCode {
  return oneOf(text, ['CONSTRAINT_FAILED', 'TYPE_MISMATCH'], 'dead letter');
}

/** A key to repair; `code` and `column` are null unless the target refused its row. */
export function repairKeyOf(
  stored: Omit<RepairKey, 'refused'> & { readonly code: string | null; readonly column: string | null },
): RepairKey {
  const { id, table, key, code, column } = stored;
  return { id, table, key, refused: code === null ? null : { code: letterCodeOf(code), column } };
}

/** For a column of ours that must not be NULL. */
export function presentText(
  text: string | null | undefined,
  what: 'table checkpoint' | 'dead letter' | 'key to repair',
): string {
  if (text === null || text === undefined) throw unreadable(what);
  return text;
}

function oneOf<T extends string>(text: string, known: readonly T[], what: string): T {
  const found = known.find((name) => name === text);
  if (found === undefined) throw unreadable(what);
  return found;
}

function unreadable(what: string): CdcError {
  return new CdcError('INTERNAL', `A ${what} holds what this version does not know`);
}
