/** Makes what was committed durable before anybody is told of it. */
import { isCdcError } from '../../../errors';
import type { Session } from '../database';

/**
 * With innodb_flush_log_at_trx_commit = 1, the default, every commit has waited for the disk. Else MySQL writes the log
 * when it is told to, which takes the privilege RELOAD; MariaDB has no statement for it. `cdc doctor` warns of the setting,
 * and what a power cut took is noticed by the handshake with the source.
 */
export async function flushLog(session: Session): Promise<void> {
  const row = await session.first('SELECT @@GLOBAL.innodb_flush_log_at_trx_commit');
  if (Number(row?.[0]) === 1) return;
  try {
    await session.execute('FLUSH LOCAL ENGINE LOGS');
  } catch (error) {
    if (!isCdcError(error, 'PRIVILEGE_MISSING')) throw error;
  }
}
