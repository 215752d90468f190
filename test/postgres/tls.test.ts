/** TLS as the URL asks for it, against a server with a certificate of the test's own. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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
/** Over TLS it takes only who has the certificate `client`. */
let strict: OwnServer;

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
    makeCertificate('client', 'client');
    const rules = join(folder, 'pg_hba.conf');
    writeFileSync(rules, 'hostnossl all all all trust\nhostssl all all all trust clientcert=verify-ca\n');
    const files = { ssl_cert_file: join(folder, 'server.crt'), ssl_key_file: join(folder, 'server.key') };
    const asking = { ...files, ssl_ca_file: join(folder, 'client.crt'), hba_file: rules };
    const [one, other, third] = [
      await startServer({ ssl: 'on', ...files }, undefined, [files.ssl_key_file]),
      await startServer(),
      await startServer({ ssl: 'on', ...asking }, undefined, [files.ssl_key_file]),
    ];
    if (one === null || other === null || third === null) {
      throw new Error('There are no programs of a PostgreSQL server');
    }
    [server, plain, strict] = [one, other, third];
  });

  afterAll(async () => {
    await server.stop();
    await plain.stop();
    await strict.stop();
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
    expect(await ask(server, `sslmode=verify-full&sslrootcert=${join(folder, 'nowhere.crt')}`)).toBe(
      'CONFIG_INVALID',
    );
  });

  test('a server that asks for a certificate of ours gets the one that the URL names', async () => {
    const [cert, key] = [join(folder, 'client.crt'), join(folder, 'client.key')];
    const login = `sslcert=${cert}&sslkey=${key}`;
    expect(await ask(strict, `sslmode=require&${login}`)).toMatch(/^encrypted/);
    expect(await ask(strict, 'sslmode=require')).toBe('LOGIN_REFUSED');
    const other = `sslcert=${join(folder, 'other.crt')}&sslkey=${join(folder, 'other.key')}`;
    expect(await ask(strict, `sslmode=require&${other}`)).not.toMatch(/^encrypted/);
    const lost = join(folder, 'nowhere.key');
    expect(await ask(strict, `sslmode=require&sslcert=${cert}&sslkey=${lost}`)).toBe('CONFIG_INVALID');
  });

  test('a server without TLS is refused where it is required, and taken where it is preferred', async () => {
    for (const mode of ['require', 'verify-ca', 'verify-full']) {
      expect(await ask(plain, `sslmode=${mode}`)).toBe('LOGIN_REFUSED');
    }
    expect(await ask(plain, 'sslmode=allow')).toMatch(/^plain/);
    expect(await ask(plain, 'sslmode=prefer')).toMatch(/^plain/);
  });
});
