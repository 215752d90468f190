/** Turns the table list of a pipeline into tables of the source: names, patterns, columns, collisions. */
import { CdcError } from '../errors';
import { displayName } from '../model';
import type { ColumnNames, TableMapping, TableName, TableRoute, TableSchema } from '../model';
import { chosenTypes } from './column-types';
import { nearMissHint } from './near-misses';

export interface ResolvedTables {
  readonly routes: readonly TableRoute[];
  /** Tables that a pattern matched and that cannot be captured. */
  readonly skipped: readonly { readonly table: string; readonly reason: string }[];
}

/**
 * Resolves mappings against the source's tables. Names are matched exactly; a mapping is a pattern when no table has
 * its name and it holds a `*`.
 * Throws TABLE_UNKNOWN (with near misses), KEY_MISSING, TABLE_UNSUPPORTED, COLUMN_UNKNOWN, COLUMN_REQUIRED,
 * NAME_COLLISION, CONFIG_INVALID for a pattern with what is for one table.
 */
export function resolveTables(
  mappings: readonly TableMapping[],
  tables: readonly TableSchema[],
  sameFamily: boolean,
): ResolvedTables {
  const byName = new Map(tables.map((table) => [displayName(table.name), table]));
  const routes = new Map<string, TableRoute>();
  const skipped = new Map<string, string>();
  const exact = mappings.filter((mapping) => byName.has(mapping.from));
  const others = mappings.filter((mapping) => !byName.has(mapping.from));

  for (const mapping of exact) {
    const table = byName.get(mapping.from);
    if (table !== undefined) routes.set(mapping.from, routeTable(table, mapping, sameFamily));
  }
  for (const mapping of others) {
    if (!mapping.from.includes('*')) throw unknownTable(mapping.from, [...byName.keys()]);
    refuseForMany(mapping);
    const pattern = globPattern(mapping.from);
    const matched = [...byName].filter(([name]) => pattern.test(name));
    if (matched.length === 0) throw unknownTable(mapping.from, [...byName.keys()]);
    for (const [name, table] of matched) {
      if (routes.has(name)) continue;
      if (table.refusal === null) routes.set(name, routeTable(table, mapping, sameFamily));
      else skipped.set(name, table.refusal.reason);
    }
  }
  refuseCollisions([...routes.values()], sameFamily);
  return {
    routes: [...routes.values()],
    skipped: [...skipped].map(([table, reason]) => ({ table, reason })),
  };
}

/** A table's route under a mapping. Throws like `resolveTables`. */
export function routeTable(
  table: TableSchema,
  mapping: Omit<TableMapping, 'from'>,
  sameFamily: boolean,
): TableRoute {
  const id = displayName(table.name);
  if (table.key === null) {
    const { code, reason, remedy } = table.refusal ?? {
      code: 'KEY_MISSING',
      reason: 'it has no usable key',
      remedy: 'Give it a primary key.',
    };
    throw new CdcError(code, `Table ${id} cannot be captured: ${reason}`, { hint: remedy, table: id });
  }
  const target: TableName =
    mapping.to === null
      ? { schema: sameFamily ? table.name.schema : null, name: table.name.name }
      : { schema: null, name: mapping.to };
  const columns = routeColumns(table, mapping.columns, table.key.columns);
  const where = mapping.where ?? null;
  return {
    id,
    // Which rows are chosen is for the table itself to say, by its own types: each row is looked at where it stands.
    source: where === null ? table : { ...table, reread: true },
    target,
    columns,
    key: table.key.columns,
    rename: renamedColumns(table, columns, mapping.rename ?? {}),
    types: chosenTypes(table, columns, table.key.columns, mapping.types ?? {}),
    where,
  };
}

function refuseForMany(mapping: TableMapping): void {
  const { from } = mapping;
  const key = (['where', 'rename', 'types'] as const).find((name) => (mapping[name] ?? null) !== null);
  if (key === undefined) return;
  throw new CdcError('CONFIG_INVALID', `\`${key}\` is for one table, and ${from} is a pattern for many`, {
    hint: 'List the table by its own name, too: that goes before the pattern.',
  });
}

/**
 * In the order of the columns; null where all keep their names. Two columns of one name would be one on the target,
 * where case may not count.
 */
function renamedColumns(
  table: TableSchema,
  columns: readonly string[],
  rename: ColumnNames,
): ColumnNames | null {
  const id = displayName(table.name);
  const names = new Map(Object.entries(rename));
  for (const name of names.keys()) {
    if (columns.includes(name)) continue;
    const left = table.columns.find((column) => column.name === name);
    const says =
      left === undefined ? 'does not exist' : left.generated === 'no' ? 'is not replicated' : 'is generated';
    throw new CdcError('COLUMN_UNKNOWN', `Table ${id}: column ${name}, which is to be renamed, ${says}`, {
      hint:
        left === undefined
          ? nearMissHint(name, columns, `Its columns: ${columns.join(', ')}.`)
          : 'Leave it out of `rename`.',
      table: id,
      column: name,
    });
  }
  const taken = new Map<string, string>();
  for (const column of columns) {
    const name = names.get(column) ?? column;
    const other = taken.get(name.toLowerCase());
    if (other !== undefined && (names.has(column) || names.has(other))) {
      throw new CdcError(
        'NAME_COLLISION',
        `Table ${id}: columns ${other} and ${column} would both be ${name}`,
        {
          hint: 'Give one of them another name with `rename`.',
          table: id,
          column,
        },
      );
    }
    taken.set(name.toLowerCase(), column);
  }
  const others = columns.flatMap((column): readonly (readonly [string, string])[] => {
    const name = names.get(column) ?? column;
    return name === column ? [] : [[column, name]];
  });
  return others.length === 0 ? null : Object.fromEntries(others);
}

function routeColumns(
  table: TableSchema,
  wanted: readonly string[] | null,
  key: readonly string[],
): readonly string[] {
  const id = displayName(table.name);
  const plain = table.columns.filter((column) => column.generated === 'no').map((column) => column.name);
  const missingKey = key.find((name) => !plain.includes(name));
  if (missingKey !== undefined) {
    throw new CdcError('TABLE_UNSUPPORTED', `Table ${id}: key column ${missingKey} is generated`, {
      hint: 'Give the table a key of ordinary columns.',
      table: id,
      column: missingKey,
    });
  }
  if (wanted === null) return plain;
  for (const name of wanted) {
    if (plain.includes(name)) continue;
    const generated = table.columns.some((column) => column.name === name);
    throw new CdcError(
      'COLUMN_UNKNOWN',
      `Table ${id}: column ${name} ${generated ? 'is generated' : 'does not exist'}`,
      {
        hint: generated
          ? 'Leave generated columns out: the target computes them.'
          : nearMissHint(name, plain, `Its columns: ${plain.join(', ')}.`),
        table: id,
        column: name,
      },
    );
  }
  const lacking = key.filter((name) => !wanted.includes(name));
  if (lacking.length > 0) {
    throw new CdcError('COLUMN_REQUIRED', `Table ${id}: \`columns\` lacks the key (${lacking.join(', ')})`, {
      table: id,
    });
  }
  return plain.filter((name) => wanted.includes(name));
}

function unknownTable(name: string, candidates: readonly string[]): CdcError {
  const pattern = name.includes('*');
  return new CdcError(
    'TABLE_UNKNOWN',
    pattern ? `No table matches ${name}` : `The source has no table ${name}`,
    {
      hint: nearMissHint(
        name,
        candidates,
        candidates.length === 0
          ? 'The source has no tables at all: is this the right database?'
          : `Its tables: ${candidates.slice(0, 20).join(', ')}${candidates.length > 20 ? ', …' : ''}.`,
      ),
      table: name,
    },
  );
}

function globPattern(text: string): RegExp {
  const escaped = text.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  return new RegExp(`^${escaped.join('.*')}$`, 's');
}

/**
 * Throws NAME_COLLISION when two routes lead to one table. Some databases fold case, so names that differ in case
 * alone count as equal, unless the source has two such tables and the target is of its family.
 */
export function refuseCollisions(routes: readonly TableRoute[], sameFamily: boolean): void {
  const taken = new Map<string, TableRoute>();
  for (const route of routes) {
    const name = displayName(route.target);
    const other = taken.get(name.toLowerCase());
    if (other === undefined) {
      taken.set(name.toLowerCase(), route);
      continue;
    }
    const toldApart = sameFamily && other.id.toLowerCase() === route.id.toLowerCase();
    if (toldApart && displayName(other.target) !== name) continue;
    throw new CdcError('NAME_COLLISION', `Tables ${other.id} and ${route.id} would both go to ${name}`, {
      table: route.id,
    });
  }
}
