/**
 * Settings of each session of ours: how values are written as text must not depend on what a database, a role or an
 * administrator prefers, and names must not be looked for where others can put things.
 */

/** Longest wait for a lock in reading; what takes locks that writers wait for sets its own, shorter one. */
const LOCK_TIMEOUT_MS = 5_000;

/** A transaction of ours that nobody goes on with (a stopped process) lets go of its locks and its view of old rows. */
const IDLE_IN_TRANSACTION_MS = 60_000;

const SETTINGS: Readonly<Record<string, string>> = {
  search_path: 'pg_catalog, pg_temp',
  client_encoding: 'UTF8',
  standard_conforming_strings: 'on',
  datestyle: 'ISO, YMD',
  // Read back alike under every setting of IntervalStyle, unlike the others.
  intervalstyle: 'iso_8601',
  timezone: 'UTC',
  extra_float_digits: '3',
  bytea_output: 'hex',
  // The text of money depends on it; with the same one on both sides it is exact.
  lc_monetary: 'C',
  xmloption: 'content',
  array_nulls: 'on',
  // Where row level security would hide rows from us, fail instead.
  row_security: 'off',
  default_transaction_isolation: 'read committed',
  default_transaction_read_only: 'off',
  default_transaction_deferrable: 'off',
  statement_timeout: '0',
  lock_timeout: String(LOCK_TIMEOUT_MS),
  idle_in_transaction_session_timeout: String(IDLE_IN_TRANSACTION_MS),
  jit: 'off',
};

/** One statement that sets them all. */
export const SETTINGS_SQL = `SELECT ${Object.entries(SETTINGS)
  .map(([name, value]) => `pg_catalog.set_config('${name}', '${value}', false)`)
  .join(', ')}`;
