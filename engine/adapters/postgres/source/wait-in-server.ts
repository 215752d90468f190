/** Has the server wait for changes of tables: it looks more often than could be asked for from here. */
import { own, type Session } from '../database';
import { probeSql, type Branch } from './spans';

/** Pause between looks after a wait began, and at most while nothing is written at all. */
export const FIRST_PAUSE_MS = 1;
export const QUIET_PAUSE_MS = 40;

/** The same while others write; more where looks take long: they shall cost the server no more than this share. */
const BUSY_PAUSE_MS = 20;
const SHARE = 0.02;
const LONGEST_PAUSE_MS = 100;

/** Names of the prepared statements of a session by what they look at. */
const prepared = new WeakMap<Session, Map<string, string>>();

export interface ServerWait {
  /** Up to this snapshot nothing is to be seen; with `found`, there is something up to it. */
  readonly seen: string;
  readonly found: boolean;
  /** With which a wait that goes on begins. */
  readonly pauseMs: number;
}

/** Returns when there is a change after the snapshot `seen`, or after `waitMs`. */
export async function waitInServer(
  session: Session,
  branches: readonly Branch[],
  { seen, pauseMs, waitMs }: { readonly seen: string; readonly pauseMs: number; readonly waitMs: number },
): Promise<ServerWait> {
  const looks = await looksOf(session, branches);
  const [row] = await session.query(
    `CALL ${own('wait_for_change')}($1, NULL, $2::float8, $3::text[], $4::int4, $5::float8, $6::float8, $7::float8, $8::float8)`,
    [seen, pauseMs, looks, waitMs, QUIET_PAUSE_MS, BUSY_PAUSE_MS, LONGEST_PAUSE_MS, SHARE],
    { prepared: true },
  );
  return { seen: row?.[0] ?? seen, found: row?.[1] === 't', pauseMs: Number(row?.[2] ?? pauseMs) };
}

/** By the list of branches itself: for many tables, writing the statements anew takes longer than the wait's own work. */
const looks = new WeakMap<Session, WeakMap<readonly Branch[], readonly string[]>>();

async function looksOf(session: Session, branches: readonly Branch[]): Promise<readonly string[]> {
  const known = looks.get(session) ?? new WeakMap<readonly Branch[], readonly string[]>();
  looks.set(session, known);
  const names = known.get(branches) ?? [
    await prepare(session, branches, false),
    await prepare(session, branches, true),
  ];
  known.set(branches, names);
  return names;
}

async function prepare(session: Session, branches: readonly Branch[], late: boolean): Promise<string> {
  const sql =
    branches.length === 0 ? 'SELECT false WHERE $1 IS NULL AND $2 IS NULL' : probeSql(branches, late);
  const names = prepared.get(session) ?? new Map<string, string>();
  prepared.set(session, names);
  const known = names.get(sql);
  if (known !== undefined) return known;
  const name = `cdc_look_${names.size}`;
  await session.execute(`PREPARE ${name} (pg_snapshot, pg_snapshot) AS ${sql}`);
  names.set(sql, name);
  return name;
}
