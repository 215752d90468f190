/**
 * Settings of each session of ours: how values are read and written must not depend on what a server, an account or
 * an administrator prefers. What one of the two servers does not know is left out: the server itself says which it has.
 */
import { quoteText } from './identifiers';

/** Longest wait for a row lock and for a table's metadata; what takes locks that writers wait for sets shorter ones. */
const LOCK_TIMEOUT_S = 5;

/** A transaction of ours that nobody goes on with (a stopped process) lets go of its locks. */
const IDLE_IN_TRANSACTION_S = 60;

/**
 * Strict, so that nothing is cut to fit; dates of any kind pass, since a source may hold them; 0 stays 0 where a
 * column counts by itself. Triggers keep the mode of the session that made them, and need the same.
 */
export const SQL_MODE = 'STRICT_ALL_TABLES,ALLOW_INVALID_DATES,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO';

const SETTINGS: Readonly<Record<string, string>> = {
  sql_mode: quoteText(SQL_MODE),
  time_zone: quoteText('+00:00'),
  character_set_client: 'utf8mb4',
  character_set_results: 'utf8mb4',
  collation_connection: 'utf8mb4_bin',
  autocommit: '1',
  // READ COMMITTED cannot write where the binary log holds statements.
  transaction_isolation: quoteText('REPEATABLE-READ'),
  tx_isolation: quoteText('REPEATABLE-READ'),
  transaction_read_only: '0',
  tx_read_only: '0',
  innodb_lock_wait_timeout: String(LOCK_TIMEOUT_S),
  lock_wait_timeout: String(LOCK_TIMEOUT_S),
  idle_transaction_timeout: String(IDLE_IN_TRANSACTION_S),
  max_statement_time: '0',
  max_execution_time: '0',
  wait_timeout: '28800',
  net_read_timeout: '60',
  net_write_timeout: '600',
  sql_safe_updates: '0',
  sql_select_limit: '18446744073709551615',
  sql_auto_is_null: '0',
  explicit_defaults_for_timestamp: '1',
  unique_checks: '1',
  foreign_key_checks: '1',
  // Statistics of tables are asked for what they are now.
  information_schema_stats_expiry: '0',
  // Repeated reads lock what is there now, as in every version before it was added.
  innodb_snapshot_isolation: '0',
  group_concat_max_len: '1048576',
  // Hidden primary keys that the server adds are columns like others to us.
  show_gipk_in_create_table_and_information_schema: '1',
};

/** Read, not set: what the server is. */
const FACTS = [
  'version',
  'server_id',
  'server_uuid',
  'max_allowed_packet',
  'lower_case_table_names',
] as const;

/** Asks which of them the server has. */
export const VARIABLES_SQL = `SHOW VARIABLES WHERE Variable_name IN (${[...Object.keys(SETTINGS), ...FACTS]
  .map(quoteText)
  .join(', ')})`;

/** Where both spellings of one setting are there, the newer stands first and the other says the same. */
export function settingsSql(known: ReadonlySet<string>): string {
  const set = Object.entries(SETTINGS)
    .filter(([name]) => known.has(name))
    .map(([name, value]) => `SESSION ${name} = ${value}`);
  return `SET ${set.join(', ')}`;
}
