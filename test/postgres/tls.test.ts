/** TLS as the URL asks for it, against a server with a certificate of the test's own. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openSession } from '../../engine/adapters/postgres/database';
import { parseUrl } from '../../engine/adapters/postgres/database/url';
import { isCdcError } from '../../engine/errors';
import { startServer, type OwnServer } from '../support/postgres-server';

const hasOpenssl = ((): boolean => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

let folder = '';
let server: OwnServer;
let plain: OwnServer;

/** A certificate for `host`, signed by itself. */
function makeCertificate(name: string, host: string): void {
  const files = ['-keyout', join(folder, `${name}.key`), '-out', join(folder, `${name}.crt`)];
  const subject = ['-subj', `/CN=${host}`, '-addext', `subjectAltName=DNS:${host}`];
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...files, ...subject],
    {
      stdio: 'ignore',
    },
  );
}

async function ask(of: OwnServer, parameters: string, host = 'localhost'): Promise<string> {
  const url = of.url.replace('127.0.0.1', host);
  try {
    const session = await openSession(parseUrl(`${url}?${parameters}`), 'test');
    const row = await session.first(
      'SELECT ssl, application_name FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE pid = pg_backend_pid()',
    );
    await session.close();
    return `${row?.[0] === 't' ? 'encrypted' : 'plain'} ${row?.[1] ?? ''}`;
  } catch (error) {
    if (!isCdcError(error)) throw error;
    expect(error.message + error.hint).not.toContain(folder);
    return error.code;
  }
}

const where = hasOpenssl ? describe : describe.skip;
where('connections over TLS (without the program openssl: skipped)', () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'temporal-cdc-tls-'));
    chmodSync(folder, 0o755);
    makeCertificate('server', 'localhost');
    makeCertificate('other', 'localhost');
    const files = { ssl_cert_file: join(folder, 'server.crt'), ssl_key_file: join(folder, 'server.key') };
    const [one, other] = [
      await startServer({ ssl: 'on', ...files }, undefined, [files.ssl_key_file]),
      await startServer(),
    ];
    if (one === null || other === null) throw new Error('There are no programs of a PostgreSQL server');
    [server, plain] = [one, other];
  });

  afterAll(async () => {
    await server.stop();
    await plain.stop();
    rmSync(folder, { recursive: true });
  });

  test.each([
    ['prefer', '', 'encrypted temporal-cdc: test'],
    ['disable', 'sslmode=disable', 'plain temporal-cdc: test'],
    ['require', 'sslmode=require&application_name=mine', 'encrypted mine: test'],
    ['verify-full without the certificate', 'sslmode=verify-full', 'LOGIN_REFUSED'],
  ])('%s', async (_mode, parameters, outcome) => {
    expect(await ask(server, parameters)).toBe(outcome);
  });

  test('verify-ca and verify-full look at the certificate, verify-full at the name in it, too', async () => {
    const root = `sslrootcert=${join(folder, 'server.crt')}`;
    const other = `sslrootcert=${join(folder, 'other.crt')}`;
    expect(await ask(server, `sslmode=verify-full&${root}`)).toMatch(/^encrypted/);
    expect(await ask(server, `sslmode=verify-full&${root}`, '127.0.0.1')).toBe('LOGIN_REFUSED');
    expect(await ask(server, `sslmode=verify-ca&${root}`, '127.0.0.1')).toMatch(/^encrypted/);
    expect(await ask(server, `sslmode=verify-ca&${other}`)).toBe('LOGIN_REFUSED');
    expect(await ask(server, `sslmode=require&${other}`)).toBe('LOGIN_REFUSED');
    expect(await ask(server, 'sslmode=verify-full&sslrootcert=/nowhere')).toBe('CONFIG_INVALID');
  });

  test('a server without TLS is refused where it is required, and taken where it is preferred', async () => {
    expect(await ask(plain, 'sslmode=require')).toBe('LOGIN_REFUSED');
    expect(await ask(plain, 'sslmode=prefer')).toMatch(/^plain/);
  });
});
