/** `cdc.capture` and `cdc.generation`: what is captured of each table, and whether it still is. */
import { CdcError } from '../../../errors';
import { displayName, type TableName } from '../../../model';
import { hasRelation, own, type Session, type TextRow } from '../database';
import { lifeOf } from './life';
import { signatureOf } from './objects';
import { parseSnapshot, type ChangeMark, type Snapshot } from './position';

export interface CapturedColumn {
  /** Attribute number in the source: it stays when the column is renamed, and is never used again. */
  readonly number: number;
  readonly name: string;
  /** As in the change table; a domain's base type. */
  readonly type: string;
  /** Names in the change table. */
  readonly oldName: string;
  readonly newName: string;
  /** Place in the key, from 1; 0 when it is not in it. */
  readonly key: number;
}

/** A change table, for the columns that the source had for a time. */
export interface Generation {
  readonly number: number;
  readonly changeTable: string;
  readonly columns: readonly CapturedColumn[];
  /** The transaction that began it. Changes of earlier generations were committed before it. */
  readonly since: bigint;
}

/** How far changes are gone. */
export interface Floor {
  /** No later change was purged. */
  readonly mark: ChangeMark;
  /** No transaction that it does not see lost a change. */
  readonly seen: Snapshot;
}

export interface Capture {
  readonly table: TableName;
  /** The table's oid when it was captured: another one means that it was dropped and made again. */
  readonly relid: string;
  readonly baseName: string;
  readonly functionName: string;
  readonly keyNumbers: readonly number[];
  readonly rowLevel: boolean;
  /** True when the trigger function stands DDL that nobody follows. */
  readonly guarded: boolean;
  /** True when capture was ended because of its backlog: there are no triggers and no change tables then. */
  readonly suspended: boolean;
  /** Positions that don't see this transaction have missed changes; null when none were ever missed. */
  readonly wholeSince: bigint | null;
  /** Changes were purged up to these. */
  readonly floor: Floor | null;
  /** Oldest first. */
  readonly generations: readonly Generation[];
  readonly now: CaptureState;
}

/** How it looks in the catalog. */
export interface CaptureState {
  /** The oid of the table of that name; null when there is none. */
  readonly oid: string | null;
  /** False when the columns are others than those of the latest generation. */
  readonly sameColumns: boolean;
  /** Names of our triggers that are there and enabled always. */
  readonly triggers: readonly string[];
  readonly hasChangeTable: boolean;
  /** Why changes were missed since it was made whole; null when none were. */
  readonly missed: string | null;
  /** Everything about the table that a route depends on, as one text. */
  readonly signature: string;
}

/** The latest generation; capture that is not suspended has one. */
export function latestOf(capture: Capture): Generation {
  const latest = capture.generations.at(-1);
  if (latest === undefined) throw damaged();
  return latest;
}

export async function isInstalled(session: Session): Promise<boolean> {
  return hasRelation(session, 'capture');
}

const CAPTURES = `SELECT c.schema_name, c.table_name, c.relid, c.base_name, c.function_name,
  array_to_string(c.key_columns, ','), c.row_level, c.guarded, c.suspended, c.whole_since, c.floor_xid,
  c.floor_lsn || ' ' || c.floor_seen,
  (SELECT string_agg(format('%s:%s', g.number, g.since), ',' ORDER BY g.number)
    FROM ${own('generation')} g WHERE g.relid = c.relid),
  r.oid,
  c.signature = ${signatureOf('c.relid')},
  (SELECT string_agg(t.tgname, ',' ORDER BY t.tgname) FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
    WHERE t.tgrelid = c.relid AND NOT t.tgisinternal AND t.tgenabled = 'A' AND p.proname = c.function_name
      AND p.pronamespace = to_regnamespace('cdc')),
  (SELECT to_regclass(format('cdc.%I', g.change_table)) IS NOT NULL
    FROM ${own('generation')} g WHERE g.relid = c.relid ORDER BY g.number DESC LIMIT 1),
  (SELECT m.reason FROM ${own('missed')} m WHERE m.relid = c.relid ORDER BY m.xid LIMIT 1),
  ${signatureOf('r.oid')}
FROM ${own('capture')} c
LEFT JOIN pg_namespace n ON n.nspname = c.schema_name
LEFT JOIN pg_class r ON r.relnamespace = n.oid AND r.relname = c.table_name`;

const GENERATIONS = `SELECT relid, number, change_table, columns, since FROM ${own('generation')}
WHERE (relid, number) IN (SELECT * FROM unnest($1::oid[], $2::int[]))`;

/** Sessions that have seen our tables; should these go after all, the statement that misses them says so. */
const installed = new WeakSet<Session>();

async function areInstalled(session: Session): Promise<boolean> {
  if (installed.has(session)) return true;
  const found = await isInstalled(session);
  if (found) installed.add(session);
  return found;
}

/** Generations never change once they are there. */
const known = new Map<string, Generation>();

/** By display name; `tables`: only these. Empty where nothing is installed. */
export async function readCaptures(
  session: Session,
  tables: readonly TableName[] | null = null,
): Promise<ReadonlyMap<string, Capture>> {
  if (!(await (tables === null ? isInstalled(session) : areInstalled(session)))) return new Map();
  const rows =
    tables === null
      ? await session.query(CAPTURES)
      : await session.query(
          `${CAPTURES} WHERE (c.schema_name, c.table_name) IN (SELECT * FROM unnest($1::text[], $2::text[]))`,
          [tables.map(({ schema }) => schema), tables.map(({ name }) => name)],
          { prepared: true },
        );
  const generations = await readGenerations(session, rows);
  return new Map(
    rows.map((row): [string, Capture] => {
      const capture = captureOf(row, generations);
      return [displayName(capture.table), capture];
    }),
  );
}

type GenerationId = readonly [relid: string, number: number, since: string];

function generationIds(row: TextRow): readonly GenerationId[] {
  return (row[12] ?? '')
    .split(',')
    .filter((text) => text !== '')
    .map((text) => text.split(':'))
    .map(([number, since]) => [row[2] ?? '', Number(number), since ?? '']);
}

async function readGenerations(
  session: Session,
  rows: readonly TextRow[],
): Promise<(id: GenerationId) => Generation> {
  // The transaction tells a generation from one of the same number in another database.
  const name = ([relid, number, since]: GenerationId): string =>
    `${lifeOf(session).system} ${session.database} ${relid} ${number} ${since}`;
  const missing = rows.flatMap(generationIds).filter((id) => !known.has(name(id)));
  if (missing.length > 0) {
    const found = await session.query(GENERATIONS, [
      missing.map(([relid]) => relid),
      missing.map(([, number]) => String(number)),
    ]);
    for (const [relid, number, changeTable, columns, since] of found) {
      known.set(name([relid ?? '', Number(number), since ?? '']), {
        number: Number(number),
        changeTable: changeTable ?? '',
        columns: columnsOf(columns ?? ''),
        since: BigInt(since ?? 0),
      });
    }
  }
  return (id) => {
    const generation = known.get(name(id));
    if (generation === undefined) throw damaged();
    return generation;
  };
}

function captureOf(row: TextRow, generation: (id: GenerationId) => Generation): Capture {
  const [schema, name, relid, baseName, functionName, key, rowLevel, guarded, suspended, ...more] = row;
  const [wholeSince, floorXid, floor, , oid, sameColumns, triggers, hasChangeTable, missed, signature] = more;
  const [floorLsn, floorSeen] = (floor ?? '').split(' ');
  return {
    table: { schema: schema ?? '', name: name ?? '' },
    relid: relid ?? '',
    baseName: baseName ?? '',
    functionName: functionName ?? '',
    keyNumbers: (key ?? '').split(',').map(Number),
    rowLevel: rowLevel === 't',
    guarded: guarded === 't',
    suspended: suspended === 't',
    wholeSince: bigintOrNull(wholeSince),
    floor:
      typeof floorXid === 'string' && floorLsn !== undefined && floorSeen !== undefined
        ? { mark: { lsn: floorLsn, xid: floorXid }, seen: parseSnapshot(floorSeen) }
        : null,
    generations: generationIds(row).map(generation),
    now: {
      oid: oid ?? null,
      sameColumns: sameColumns === 't',
      triggers: (triggers ?? '').split(',').filter((text) => text !== ''),
      hasChangeTable: hasChangeTable === 't',
      missed: missed ?? null,
      // A hole that was closed since is one all the same.
      signature: [
        oid,
        triggers,
        row[12],
        suspended,
        signature,
        missed === null ? '' : 'missed',
        wholeSince,
      ].join(' '),
    },
  };
}

function bigintOrNull(text: string | null | undefined): bigint | null {
  return text === null || text === undefined ? null : BigInt(text);
}

function columnsOf(json: string): readonly CapturedColumn[] {
  const parsed: unknown = JSON.parse(json);
  if (!Array.isArray(parsed)) throw damaged();
  return parsed.map((item: unknown) => {
    const field = (name: string): unknown =>
      typeof item === 'object' && item !== null ? Reflect.get(item, name) : undefined;
    const text = (name: string): string => {
      const value = field(name);
      if (typeof value !== 'string') throw damaged();
      return value;
    };
    return {
      number: Number(field('number')),
      name: text('name'),
      type: text('type'),
      oldName: text('old'),
      newName: text('new'),
      key: Number(field('key')),
    };
  });
}

function damaged(): CdcError {
  return new CdcError('CAPTURE_MISSING', 'The records of capture in the source are damaged');
}
