/** Settings of the server that change what replication can promise. */
import { fine, problem, warning, type Diagnosis, type DiagnoseRequest } from '../../../model';
import type { Session } from '../database';
import { globalVariables, hasSeveralWriters } from '../capture/server';

/** A row travels as one statement at times, and the smaller the packet, the more statements. */
const SMALL_PACKET = 4 * 1024 * 1024;

/** Sessions that a worker opens at most for a pipeline, on its source and on its target, and some for the command line. */
const WANTED_CONNECTIONS = 12;

export async function serverSettings(
  session: Session,
  { asSource }: Pick<DiagnoseRequest, 'asSource'>,
): Promise<readonly Diagnosis[]> {
  const found = await globalVariables(session, [
    'read_only',
    'super_read_only',
    'innodb_flush_log_at_trx_commit',
    'log_bin',
    'binlog_format',
    'auto_increment_increment',
    'max_connections',
  ]);
  const is = (name: string, value: string): boolean => found.get(name)?.toUpperCase() === value;
  return [
    // MariaDB answers 1 where MySQL says ON.
    is('read_only', 'ON') || is('read_only', '1') || is('super_read_only', 'ON')
      ? problem(
          'primary',
          'The server is read-only: it is a replica, which knows nothing of the transactions of its primary server.',
          'Name the primary server in the URL of the connection.',
        )
      : fine('primary', 'The server takes writes.'),
    is('innodb_flush_log_at_trx_commit', '1')
      ? fine('durability', 'What the server has committed survives a power cut.')
      : warning(
          'durability',
          'innodb_flush_log_at_trx_commit is not 1: after a power cut the server may have lost what it had committed.',
          'SET GLOBAL innodb_flush_log_at_trx_commit = 1;',
        ),
    session.maxPacket < SMALL_PACKET
      ? warning(
          'packet size',
          `max_allowed_packet is ${session.maxPacket} bytes: a larger row can be neither read nor written.`,
          'SET GLOBAL max_allowed_packet = 67108864;',
        )
      : fine('packet size', `A row can have up to ${session.maxPacket} bytes.`),
    ...(await room(session, Number(found.get('max_connections') ?? 0))),
    ...(asSource ? await sourceSettings(session, found) : []),
  ];
}

async function sourceSettings(
  session: Session,
  found: ReadonlyMap<string, string>,
): Promise<readonly Diagnosis[]> {
  const checks: Diagnosis[] = [];
  if (await hasSeveralWriters(session)) {
    checks.push(
      problem(
        'one writer',
        'The server is part of a cluster of several writers: none of them knows the transactions of the others.',
        'Capture from a server whose cluster has a single primary.',
      ),
    );
  }
  if (found.get('log_bin') === 'ON' && found.get('binlog_format') === 'STATEMENT') {
    checks.push(
      warning(
        'binary log',
        'binlog_format is STATEMENT: replicas would run the triggers again, in an order of their own.',
        'SET GLOBAL binlog_format = ROW;',
      ),
    );
  }
  if (Number(found.get('auto_increment_increment') ?? 1) > 1) {
    checks.push(
      warning(
        'auto_increment_increment',
        'auto_increment_increment is above 1: each change leaves ids out, which have to be proven dead.',
        'SET GLOBAL auto_increment_increment = 1;',
      ),
    );
  }
  return checks;
}

async function room(session: Session, most: number): Promise<readonly Diagnosis[]> {
  const row = await session.first(`SHOW GLOBAL STATUS LIKE 'Threads_connected'`);
  const left = most - Number(row?.[1] ?? 0);
  return [
    left < WANTED_CONNECTIONS
      ? warning(
          'connections',
          `Only ${Math.max(0, left)} more connections are allowed; a pipeline takes up to ${WANTED_CONNECTIONS} for a while.`,
          'Raise max_connections.',
        )
      : fine('connections', `There is room for ${left} more connections.`),
  ];
}
