/**
 * Which transactions are open. INNODB_TRX is of no use: it is a copy that each reader keeps from being renewed, so that
 * with several readers it may be of any age. SHOW ENGINE INNODB STATUS is made when it is asked for. A statement that
 * waits for a table's metadata has its time already and is in no transaction yet: the list of processes tells of it.
 */
import { isCdcError } from '../../../errors';
import type { OpenTransaction } from '../../../model';
import { accountOf, hasSeveralWriters } from '../capture/server';
import { errorNumberOf, type FieldRow, type Session } from '../database';

/** Those that run something; our own is among them. What the system runs waits most of the time. */
const PROCESSES = `SELECT FLOOR(UNIX_TIMESTAMP(NOW(6)) * 1000), ID, USER, COMMAND, TIME, INFO IS NOT NULL
FROM information_schema.PROCESSLIST WHERE COMMAND NOT IN ('Sleep', 'Daemon', 'Binlog Dump', 'Binlog Dump GTID')`;

/** Whole seconds that have begun are not told. */
const SECOND_MS = 1_000;

export interface OpenNow {
  /** The clock before the lists were asked for, milliseconds since 1970. */
  readonly at: number;
  readonly open: readonly OpenTransaction[] | null;
}

/**
 * The processes come first: a statement that has come to its transaction when they are asked for is in the list that
 * comes next, or is over.
 */
export async function readOpen(session: Session): Promise<OpenNow> {
  const processes = await session.query(PROCESSES);
  const at = Number(processes[0]?.[0]);
  if (isReplica(processes) || (await isInCluster(session))) return { at, open: null };
  const status = await readStatus(session);
  const transactions = status === null ? null : parseTransactions(status, session.id, at);
  if (transactions === null) return { at, open: null };
  return { at, open: [...runningStatements(processes, session.id, at), ...transactions] };
}

/** By session: asking takes longer than the rest of a look. */
const clusters = new WeakMap<Session, boolean>();

async function isInCluster(session: Session): Promise<boolean> {
  const known = clusters.get(session) ?? (await hasSeveralWriters(session));
  clusters.set(session, known);
  return known;
}

/** What the primary has open can't be seen here. */
function isReplica(processes: readonly FieldRow[]): boolean {
  return processes.some(([, , user]) => user === 'system user');
}

function runningStatements(
  processes: readonly FieldRow[],
  own: number,
  at: number,
): readonly OpenTransaction[] {
  return processes
    .filter(([, id, , command, , hasText]) => {
      return Number(id) !== own && (isStatement(String(command)) || Number(hasText) === 1);
    })
    .map(([, id, , , seconds]) => ({
      id: runOf(Number(id)),
      since: at - Math.max(0, Number(seconds ?? 0)) * SECOND_MS - SECOND_MS,
      formerly: null,
      detached: false,
    }));
}

function isStatement(command: string): boolean {
  return command === 'Query' || command === 'Execute';
}

function runOf(thread: number): string {
  return `run:${String(thread)}`;
}

/** Transactions that have written nothing have numbers from here on, or none: they get another once they write. */
const NUMBERLESS_FROM = 2 ** 47;

/**
 * The transactions in the text of SHOW ENGINE INNODB STATUS, but for those of one thread. Null for a text that was cut
 * short, as the server does with one of more than a megabyte.
 */
export function parseTransactions(text: string, own: number, at: number): readonly OpenTransaction[] | null {
  const list = text.indexOf('LIST OF TRANSACTIONS');
  if (list < 0 || text.includes('... truncated...')) return null;
  return text
    .slice(list)
    .split(/^---(?=TRANSACTION )/m)
    .slice(1)
    .flatMap((block) => transactionOf(block, own, at) ?? []);
}

/**
 * A transaction is known by its number, and has begun with its first read or write. Of a statement that had to wait
 * before that its thread's statement tells, under which it was seen then.
 */
function transactionOf(block: string, own: number, at: number): OpenTransaction | null {
  const [first = ''] = block.split('\n', 1);
  const [, number = '', state = ''] = /^TRANSACTION \(?(\w+)\)?, (.*)$/.exec(first) ?? [];
  if (state === '' || state.startsWith('not started')) return null;
  const thread = /^(?:MySQL|MariaDB) thread id (\d+)/m.exec(block)?.[1];
  if (Number(thread) === own) return null;
  const seconds = /(\d+) sec/.exec(state)?.[1];
  const since = seconds === undefined ? null : at - Number(seconds) * SECOND_MS - SECOND_MS;
  const isNumbered = /^[1-9]\d*$/.test(number) && Number(number) < NUMBERLESS_FROM;
  // Prepared and left by its connection, or recovered: then the server counts from its start.
  if (thread === undefined) return { id: `x:${number}`, since: null, formerly: null, detached: true };
  return {
    id: isNumbered ? `x:${number}` : `r:${thread}:${String(since)}`,
    since,
    formerly: runOf(Number(thread)),
    detached: false,
  };
}

/** Access to the server's transactions was denied. */
const DENIED = [1045, 1044, 1142, 1227];

/** Null for want of the privilege PROCESS. */
async function readStatus(session: Session): Promise<string | null> {
  try {
    const [row] = await session.query('SHOW ENGINE INNODB STATUS');
    return String(row?.[2] ?? '');
  } catch (error) {
    if (isCdcError(error) && DENIED.includes(errorNumberOf(error) ?? 0)) return null;
    throw error;
  }
}

/** Why what is open can't be seen, and what would help; null where it can. */
export async function blindness(session: Session): Promise<string | null> {
  if ((await readStatus(session)) === null) {
    return `the account does not see the transactions of others (GRANT PROCESS ON *.* TO ${await accountOf(session)}).`;
  }
  if (await isInCluster(session)) {
    return 'no server of a cluster of several writers sees the transactions of the others.';
  }
  return isReplica(await session.query(PROCESSES))
    ? 'a replica does not see the transactions of its primary server (connect to that one).'
    : null;
}
