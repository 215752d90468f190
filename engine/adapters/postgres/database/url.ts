/** URLs of PostgreSQL: `postgres://user:password@host:5432/database?sslmode=verify-full&sslrootcert=/path`. */
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { CdcError } from '../../../errors';

export const SCHEMES: readonly string[] = ['postgres', 'postgresql'];

const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
export type SslMode = (typeof SSL_MODES)[number];

export interface Address {
  /** A name or address, or the folder of a socket. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  /** Null: the driver's default, the name of the system's user. */
  readonly user: string | null;
  readonly password: string | null;
  readonly sslMode: SslMode;
  readonly sslRootCert: string | null;
  readonly sslCert: string | null;
  readonly sslKey: string | null;
  /** What the server shows of us beside the role of the connection. */
  readonly applicationName: string;
  readonly connectTimeoutMs: number;
}

const DEFAULT_PORT = 5432;
const DEFAULT_CONNECT_TIMEOUT_S = 10;
const PARAMETERS = [
  'host',
  'port',
  'user',
  'password',
  'dbname',
  'sslmode',
  'sslrootcert',
  'sslcert',
  'sslkey',
  'application_name',
  'connect_timeout',
];

/** Throws CONFIG_INVALID, which never shows the URL. */
export function parseUrl(url: string): Address {
  const parts = /^postgres(?:ql)?:\/\/(?:([^@/?#]*)@)?([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/i.exec(url);
  if (parts === null) throw invalid('is not of the form postgres://user:password@host:port/database');
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
  const database = decode(path) || given('dbname');
  if (database === null) throw invalid('names no database');
  return {
    host: given('host') ?? (host === '' ? 'localhost' : host),
    port: wholeNumber(given('port') ?? port, 'port', DEFAULT_PORT),
    database,
    user: given('user') ?? (user === undefined || user === '' ? null : decode(user)),
    password: given('password') ?? (password === undefined ? null : decode(password)),
    sslMode: sslModeOf(given('sslmode')),
    sslRootCert: given('sslrootcert'),
    sslCert: given('sslcert'),
    sslKey: given('sslkey'),
    applicationName: given('application_name') ?? 'temporal-cdc',
    connectTimeoutMs:
      1000 * wholeNumber(given('connect_timeout'), 'connect_timeout', DEFAULT_CONNECT_TIMEOUT_S),
  };
}

/** A text that is the same for URLs of the same database. */
export function identifyUrl(url: string): string {
  const { host, port, database } = parseUrl(url);
  const local = isSocket({ host }) || ['localhost', '127.0.0.1', '::1', '[::1]'].includes(host.toLowerCase());
  return `postgres:${local ? 'localhost' : host.toLowerCase()}:${port}/${database}`;
}

export function isSocket({ host }: Pick<Address, 'host'>): boolean {
  return host.startsWith('/');
}

/** What TLS shall check; null for a connection without. Throws CONFIG_INVALID for a file that can't be read. */
export function tlsOptions(address: Address): ConnectionOptions | null {
  const { sslMode, sslRootCert, sslCert, sslKey } = address;
  if (sslMode === 'disable' || isSocket(address)) return null;
  const files = {
    ...(sslRootCert === null ? {} : { ca: readCertificate(sslRootCert, 'sslrootcert') }),
    ...(sslCert === null ? {} : { cert: readCertificate(sslCert, 'sslcert') }),
    ...(sslKey === null ? {} : { key: readCertificate(sslKey, 'sslkey') }),
  };
  // As in libpq: `require` with a root certificate at hand means verify-ca.
  const chain = sslMode === 'verify-ca' || (sslMode === 'require' && sslRootCert !== null);
  if (sslMode === 'verify-full') return { ...files, rejectUnauthorized: true };
  if (chain) return { ...files, rejectUnauthorized: true, checkServerIdentity: () => undefined };
  return { ...files, rejectUnauthorized: false };
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
  if (text === null) return 'prefer';
  const mode = SSL_MODES.find((known) => known === text);
  if (mode === undefined) throw invalid(`has an sslmode that is not one of ${SSL_MODES.join(', ')}`);
  return mode;
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
  return new CdcError('CONFIG_INVALID', `A PostgreSQL URL ${what}`, {
    hint: 'Write postgres://user:password@host:5432/database; special characters are percent-encoded.',
  });
}
