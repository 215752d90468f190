/**
 * Error numbers of the servers as the engine's error codes. A message names the database and what went wrong in our
 * words; what the server says is kept as the cause only, since it can hold values.
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
const NO_ROOM: Meaning = { code: 'CONNECTION_LOST', says: 'has no connection left' };
const LOGIN: Meaning = { code: 'LOGIN_REFUSED', says: 'refused the login' };
const PRIVILEGE: Meaning = {
  code: 'PRIVILEGE_MISSING',
  says: 'refused a statement for want of a privilege',
  hint: 'Grant the account of this connection the privilege it lacks; `cdc doctor` names it.',
};
const LOCKED: Meaning = {
  code: 'DATABASE_LOCKED',
  says: 'has locks of other transactions that did not end in time',
};
const CONFLICT: Meaning = {
  code: 'DATABASE_LOCKED',
  says: 'ended a transaction that conflicted with another',
};
const READ_ONLY: Meaning = {
  code: 'DATABASE_READ_ONLY',
  says: 'takes no writes: it is a replica, or read-only by its settings',
  retryable: true,
  hint: 'Connect to the primary server, or wait until the failover is over.',
};
const FULL: Meaning = { code: 'DATABASE_FULL', says: 'cannot grow: the disk or its table space is full' };
const DAMAGED: Meaning = { code: 'DATABASE_CORRUPT', says: 'has a damaged table' };
const MOVED: Meaning = { code: 'SCHEMA_MOVED', says: 'has another schema than a moment ago' };
const CONSTRAINT: Meaning = { code: 'CONSTRAINT_FAILED', says: 'refused a row by a constraint' };
const TYPE: Meaning = { code: 'TYPE_MISMATCH', says: 'refused a value by the type of its column' };
const BINARY_LOG: Meaning = {
  code: 'PRIVILEGE_MISSING',
  says: 'lets only a superuser make triggers while its binary log is on',
  hint: 'SET GLOBAL log_bin_trust_function_creators = 1, or use an account with the privilege SUPER.',
};
const PACKET: Meaning = {
  code: 'CONNECTION_LOST',
  says: 'refused a statement that is larger than max_allowed_packet',
  hint: 'Raise max_allowed_packet on the server above the size of the largest row.',
};

function byNumber(meaning: Meaning, ...numbers: readonly number[]): readonly (readonly [number, Meaning])[] {
  return numbers.map((number) => [number, meaning]);
}

const MEANINGS: ReadonlyMap<number, Meaning> = new Map([
  ...byNumber(NO_ROOM, 1040, 1203, 1226),
  ...byNumber(LOST, 1042, 1047, 1053, 1077, 1079, 1080, 1158, 1159, 1160, 1161, 1184, 1189, 1927, 2006, 2013),
  ...byNumber(PACKET, 1153),
  ...byNumber(LOGIN, 1045, 1129, 1130, 1251, 1524, 1698, 1820, 1862, 3118, 4151),
  ...byNumber(PRIVILEGE, 1044, 1095, 1142, 1143, 1227, 1356, 1370, 1410, 1449),
  ...byNumber(BINARY_LOG, 1418, 1419),
  ...byNumber(
    {
      code: 'DATABASE_MISSING',
      says: 'does not exist on its server',
      hint: 'Check the name of the database in the URL, or create it: CREATE DATABASE.',
    },
    1049,
  ),
  ...byNumber(LOCKED, 1205, 1099, 1100, 3572),
  ...byNumber(CONFLICT, 1020, 1213, 1613, 1614),
  ...byNumber(
    { code: 'DATABASE_LOCKED', says: 'cancelled a statement that took too long' },
    1317,
    1969,
    3024,
  ),
  ...byNumber(READ_ONLY, 1290, 1792, 1836),
  ...byNumber(FULL, 3, 1021, 1114),
  ...byNumber(DAMAGED, 1034, 1035, 1194, 1195, 1712, 1877),
  ...byNumber(MOVED, 1051, 1054, 1109, 1136, 1146, 1305, 1360, 1412),
  ...byNumber(
    CONSTRAINT,
    1022,
    1048,
    1062,
    1169,
    1216,
    1217,
    1364,
    1451,
    1452,
    1557,
    1586,
    1761,
    1762,
    3819,
    4025,
  ),
  ...byNumber(TYPE, 1264, 1265, 1292, 1300, 1366, 1367, 1406, 1411, 1416, 1525, 1690, 3140, 3141, 3643),
]);

/** The error number of a driver's error, or of one that became a CdcError; null for anything else. */
export function errorNumberOf(error: unknown): number | null {
  const raw = isCdcError(error) ? error.cause : error;
  // The driver's own errors come from its own realm at times, which `instanceof` does not know.
  if (typeof raw !== 'object' || raw === null || !('errno' in raw) || !('sqlState' in raw)) return null;
  return typeof raw.errno === 'number' && raw.errno > 0 ? raw.errno : null;
}

/**
 * What a driver's error means for a person. `table`: the one that the statement was about. `lost`: true when the
 * connection is gone.
 */
export function toDatabaseError(
  error: unknown,
  database: string,
  { table, lost = false }: { readonly table?: string | undefined; readonly lost?: boolean } = {},
): CdcError {
  if (error instanceof CdcError) return error;
  const on = table === undefined ? {} : { table };
  const where = table === undefined ? `Database ${database}` : `Database ${database} (table ${table})`;
  const number = errorNumberOf(error);
  const meaning = number === null ? socketMeaning(error, lost) : MEANINGS.get(number);
  if (meaning !== undefined) {
    return new CdcError(meaning.code, `${where} ${meaning.says}`, {
      ...on,
      ...(meaning.retryable === undefined ? {} : { retryable: meaning.retryable }),
      ...(meaning.hint === undefined ? {} : { hint: meaning.hint }),
      cause: error,
    });
  }
  if (number === null) return toCdcError(error);
  return new CdcError('INTERNAL', `A statement on database ${database} failed with error ${number}`, {
    ...on,
    cause: error,
  });
}

/** Errors of the socket, of TLS and of the driver's own protocol come without a number of the server. */
function socketMeaning(error: unknown, lost: boolean): Meaning | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  if (code === 'HANDSHAKE_NO_SSL_SUPPORT') {
    return {
      code: 'LOGIN_REFUSED',
      says: 'is on a server that offers no TLS',
      hint: 'Switch TLS on at the server, or allow a connection without by ssl-mode=PREFERRED or DISABLED.',
    };
  }
  if (/^(CERT_|ERR_TLS|ERR_SSL|UNABLE_TO|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_|HANDSHAKE_SSL)/.test(code)) {
    return {
      code: 'LOGIN_REFUSED',
      says: `has a certificate that was not accepted (${code})`,
      hint: 'Check ssl-mode and ssl-ca of the URL against the certificate of the server.',
    };
  }
  if (code.startsWith('PROTOCOL_')) return LOST;
  if (/^E[A-Z]+$/.test(code)) return { code: 'CONNECTION_LOST', says: `cannot be reached (${code})` };
  if (error instanceof AggregateError) return { code: 'CONNECTION_LOST', says: 'cannot be reached' };
  return lost ? LOST : undefined;
}
