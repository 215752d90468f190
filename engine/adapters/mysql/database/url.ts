/** URLs: `mysql://user:password@host:3306/database?ssl-mode=VERIFY_IDENTITY&ssl-ca=/path`, and the same for `mariadb://`. */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { SslOptions } from 'mysql2';
import { CdcError } from '../../../errors';

export const SCHEMES: readonly string[] = ['mysql', 'mariadb'];

const SSL_MODES = ['DISABLED', 'PREFERRED', 'REQUIRED', 'VERIFY_CA', 'VERIFY_IDENTITY'] as const;
export type SslMode = (typeof SSL_MODES)[number];

/**
 * What is done about a change id that is missing. `prove`: the server is asked whether a transaction can still commit
 * it, which takes the privilege PROCESS. `wait`: reading stops before it, until it comes or a person decides.
 */
export type GapPolicy = 'prove' | 'wait';

export interface Address {
  readonly host: string;
  readonly port: number;
  /** The path of a socket, in the place of host and port. */
  readonly socket: string | null;
  readonly database: string;
  /** The database that holds what is ours: change tables, positions, checkpoints. */
  readonly ownDatabase: string;
  readonly user: string | null;
  readonly password: string | null;
  readonly sslMode: SslMode;
  readonly sslCa: string | null;
  readonly sslCert: string | null;
  readonly sslKey: string | null;
  readonly connectTimeoutMs: number;
  readonly gaps: GapPolicy;
}

const DEFAULT_PORT = 3306;
const DEFAULT_CONNECT_TIMEOUT_S = 10;
const PARAMETERS = [
  'ssl-mode',
  'ssl-ca',
  'ssl-cert',
  'ssl-key',
  'socket',
  'connect-timeout',
  'own-database',
  'gaps',
];

/** Throws CONFIG_INVALID, which never shows the URL. */
export function parseUrl(url: string): Address {
  const parts = /^(?:mysql|mariadb):\/\/(?:([^@/?#]*)@)?([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/i.exec(url);
  if (parts === null) throw invalid('is not of the form mysql://user:password@host:port/database');
  const [, login, place = '', path = '', search = ''] = parts;
  const parameters = new URLSearchParams(search);
  for (const name of parameters.keys()) {
    if (!PARAMETERS.includes(name)) throw invalid(`has a parameter that is not known: ${name}`);
  }
  const { host, port } = parsePlace(place);
  const separator = login?.indexOf(':') ?? -1;
  const user = separator < 0 ? login : login?.slice(0, separator);
  const password = separator < 0 ? undefined : login?.slice(separator + 1);
  const given = (name: string): string | null => {
    const value = parameters.get(name);
    return value === null || value === '' ? null : value;
  };
  const database = decode(path);
  if (database === '') throw invalid('names no database');
  return {
    host: host === '' ? 'localhost' : host,
    port: wholeNumber(port, 'port', DEFAULT_PORT),
    socket: given('socket'),
    database,
    ownDatabase: given('own-database') ?? database,
    user: user === undefined || user === '' ? null : decode(user),
    password: password === undefined ? null : decode(password),
    sslMode: sslModeOf(given('ssl-mode')),
    sslCa: given('ssl-ca'),
    sslCert: given('ssl-cert'),
    sslKey: given('ssl-key'),
    connectTimeoutMs:
      1000 * wholeNumber(given('connect-timeout'), 'connect-timeout', DEFAULT_CONNECT_TIMEOUT_S),
    gaps: gapPolicyOf(given('gaps')),
  };
}

/** A text that is the same for URLs of the same database. */
export function identifyUrl(url: string): string {
  const { host, port, socket, database } = parseUrl(url);
  if (socket !== null) return `mysql:socket:${socket}/${database}`;
  const local = ['localhost', '127.0.0.1', '::1'].includes(host.toLowerCase());
  return `mysql:${local ? 'localhost' : host.toLowerCase()}:${port}/${database}`;
}

/** What TLS shall check; null for a connection without. Throws CONFIG_INVALID for what can't be checked. */
export function tlsOptions({ sslMode, sslCa, sslCert, sslKey, socket, host }: Address): SslOptions | null {
  if (sslMode === 'DISABLED' || socket !== null) return null;
  if (sslMode === 'VERIFY_IDENTITY' && isIP(host) !== 0) {
    // The driver compares no address with a certificate: it would take one that is made out to `localhost`.
    throw new CdcError(
      'CONFIG_INVALID',
      'ssl-mode=VERIFY_IDENTITY needs the name of a host, not an address',
      {
        hint: 'Name the server in the URL as its certificate does, or use ssl-mode=VERIFY_CA with an ssl-ca of its own.',
      },
    );
  }
  const files: SslOptions = {
    ...(sslCa === null ? {} : { ca: readCertificate(sslCa, 'ssl-ca') }),
    ...(sslCert === null ? {} : { cert: readCertificate(sslCert, 'ssl-cert') }),
    ...(sslKey === null ? {} : { key: readCertificate(sslKey, 'ssl-key') }),
  };
  if (sslMode === 'VERIFY_IDENTITY') return { ...files, rejectUnauthorized: true, verifyIdentity: true };
  return { ...files, rejectUnauthorized: sslMode === 'VERIFY_CA' };
}

function readCertificate(path: string, parameter: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new CdcError('CONFIG_INVALID', `The file of ${parameter} cannot be read`, {
      hint: `Check the path that ${parameter} names and its permissions.`,
      cause: error,
    });
  }
}

function parsePlace(place: string): { readonly host: string; readonly port: string | null } {
  if (place.includes(',')) throw invalid('names several hosts: name the primary server');
  const parts = /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/.exec(place);
  if (parts === null) throw invalid('has a host or port that cannot be read');
  const host = decode(parts[1] ?? '').replace(/^\[(.*)\]$/, '$1');
  return { host, port: parts[2] === undefined || parts[2] === '' ? null : parts[2] };
}

function sslModeOf(text: string | null): SslMode {
  if (text === null) return 'PREFERRED';
  const mode = SSL_MODES.find((known) => known === text.toUpperCase());
  if (mode === undefined) throw invalid(`has an ssl-mode that is not one of ${SSL_MODES.join(', ')}`);
  return mode;
}

function gapPolicyOf(text: string | null): GapPolicy {
  if (text === null || text === 'prove') return 'prove';
  if (text === 'wait') return 'wait';
  throw invalid('has a value of gaps that is neither prove nor wait');
}

function wholeNumber(text: string | null, name: string, otherwise: number): number {
  if (text === null) return otherwise;
  if (!/^\d{1,5}$/.test(text)) throw invalid(`has a ${name} that is no whole number`);
  return Number(text);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid('has a percent sign that encodes nothing');
  }
}

function invalid(what: string): CdcError {
  return new CdcError('CONFIG_INVALID', `A MySQL URL ${what}`, {
    hint: 'Write mysql://user:password@host:3306/database; special characters are percent-encoded.',
  });
}
