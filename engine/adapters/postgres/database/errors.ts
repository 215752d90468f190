/**
 * SQLSTATE codes as the engine's error codes. A message names the database and what went wrong in our words; what
 * the server says is kept as the cause only, since it can hold values.
 */
import { CdcError, isCdcError, toCdcError, type ErrorCode } from '../../../errors';

interface Meaning {
  readonly code: ErrorCode;
  /** Completes "Database x …". */
  readonly says: string;
  readonly retryable?: boolean;
  readonly hint?: string;
}

const LOST: Meaning = { code: 'CONNECTION_LOST', says: 'closed the connection' };
const CONFLICT: Meaning = {
  code: 'DATABASE_LOCKED',
  says: 'ended a transaction that conflicted with another',
};

/** By SQLSTATE, else by its class (the first two characters). */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  '08': LOST,
  '0A000': { code: 'SCHEMA_MOVED', says: 'has another schema than a moment ago' },
  '22': { code: 'TYPE_MISMATCH', says: 'refused a value by the type of its column' },
  '23': { code: 'CONSTRAINT_FAILED', says: 'refused a row by a constraint' },
  '25006': {
    code: 'DATABASE_READ_ONLY',
    says: 'takes no writes: it is a standby, or read-only by its settings',
    retryable: true,
    hint: 'Connect to the primary server, or wait until the failover is over.',
  },
  '25P03': LOST,
  '28': {
    code: 'LOGIN_REFUSED',
    says: 'refused the login',
    hint: 'Check user and password of the connection, and the rules of pg_hba.conf.',
  },
  '3D000': {
    code: 'DATABASE_MISSING',
    says: 'does not exist on its server',
    hint: 'Check the name of the database in the URL, or create it: CREATE DATABASE.',
  },
  '40': CONFLICT,
  '42501': { code: 'PRIVILEGE_MISSING', says: 'refused a statement for want of a privilege' },
  '42P01': { code: 'SCHEMA_MOVED', says: 'has another schema than a moment ago' },
  '42703': { code: 'SCHEMA_MOVED', says: 'has another schema than a moment ago' },
  '53': { code: 'CONNECTION_LOST', says: 'is out of memory or connections' },
  '53100': { code: 'DATABASE_FULL', says: 'cannot grow: the disk is full' },
  '55P03': { code: 'DATABASE_LOCKED', says: 'has locks of other transactions that did not end in time' },
  '55006': { code: 'DATABASE_LOCKED', says: 'is in use by other transactions' },
  '57014': { code: 'DATABASE_LOCKED', says: 'cancelled a statement that took too long' },
  '57P': LOST,
  '57P04': { code: 'DATABASE_MISSING', says: 'was dropped' },
  '58': { code: 'DATABASE_UNREADABLE', says: 'could not read or write its files', retryable: true },
  '53300': { code: 'CONNECTION_LOST', says: 'has no connection left' },
  // RAISE EXCEPTION, which none of our functions does.
  P0: {
    code: 'CONSTRAINT_FAILED',
    says: 'refused a statement by a trigger or an event trigger of its own',
    hint: 'Look at what the triggers and event triggers of this database raise.',
  },
  XX001: { code: 'DATABASE_CORRUPT', says: 'is damaged' },
  XX002: { code: 'DATABASE_CORRUPT', says: 'has a damaged index' },
};

/** The SQLSTATE of a driver's error, or of one that became a CdcError; null for anything else. */
export function sqlStateOf(error: unknown): string | null {
  const raw = isCdcError(error) ? error.cause : error;
  if (!(raw instanceof Error) || !('code' in raw) || !('severity' in raw)) return null;
  return typeof raw.code === 'string' && /^[0-9A-Z]{5}$/.test(raw.code) ? raw.code : null;
}

/**
 * What a driver's error means for a person. `table`: the one that the statement was about. `lost`: true when the
 * connection is gone, which the driver says in words only.
 */
export function toDatabaseError(
  error: unknown,
  database: string,
  { table, lost = false }: { readonly table?: string | undefined; readonly lost?: boolean } = {},
): CdcError {
  if (error instanceof CdcError) return error;
  const on = table === undefined ? {} : { table };
  const where = table === undefined ? `Database ${database}` : `Database ${database} (table ${table})`;
  const state = sqlStateOf(error);
  const meaning = state === null ? socketMeaning(error, lost) : meaningOf(state);
  if (meaning !== undefined) {
    return new CdcError(meaning.code, `${where} ${meaning.says}`, {
      ...on,
      ...(meaning.retryable === undefined ? {} : { retryable: meaning.retryable }),
      ...(meaning.hint === undefined ? {} : { hint: meaning.hint }),
      cause: error,
    });
  }
  if (state === null) return toCdcError(error);
  return new CdcError('INTERNAL', `A statement on database ${database} failed with SQLSTATE ${state}`, {
    ...on,
    cause: error,
  });
}

function meaningOf(state: string): Meaning | undefined {
  return MEANINGS[state] ?? MEANINGS[state.slice(0, 3)] ?? MEANINGS[state.slice(0, 2)];
}

/** Errors of the socket, of TLS and of the driver's own protocol come without an SQLSTATE. */
function socketMeaning(error: unknown, lost: boolean): Meaning | undefined {
  // Node's own errors can come from another realm than this module's, which `instanceof` does not know.
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  if (/^(CERT_|ERR_TLS|UNABLE_TO|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_)/.test(code)) {
    return {
      code: 'LOGIN_REFUSED',
      says: `has a certificate that was not accepted (${code})`,
      hint: 'Check sslmode and sslrootcert of the URL against the certificate of the server.',
    };
  }
  if (/^E[A-Z]+$/.test(code)) return { code: 'CONNECTION_LOST', says: `cannot be reached (${code})` };
  if (error instanceof AggregateError) return { code: 'CONNECTION_LOST', says: 'cannot be reached' };
  return lost ? { code: 'CONNECTION_LOST', says: 'closed the connection' } : undefined;
}
