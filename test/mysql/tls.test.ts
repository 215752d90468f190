/** TLS as the URL asks for it, against a server with a certificate of the test's own. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openSession, parseUrl } from '../../engine/adapters/mysql/database';
import { isCdcError } from '../../engine/errors';
import { describeOwnServer } from '../support/mysql';
import type { OwnServer } from '../support/mysql-server';

let folder = '';

/** A certificate for `host`, signed by itself. */
function makeCertificate(name: string, host: string): void {
  const files = ['-keyout', join(folder, `${name}.key`), '-out', join(folder, `${name}.crt`)];
  const subject = ['-subj', `/CN=${host}`, '-addext', `subjectAltName=DNS:${host}`];
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2'];
  execFileSync('openssl', [...request, ...files, ...subject], { stdio: 'ignore' });
}

async function ask(of: OwnServer, parameters: string, host = 'localhost'): Promise<string> {
  try {
    const session = await openSession(
      parseUrl(`${of.url.replace('127.0.0.1', host)}/mysql?${parameters}`),
      'test',
    );
    const row = await session.first(`SHOW SESSION STATUS LIKE 'Ssl_cipher'`);
    await session.close();
    return row?.[1] === '' ? 'plain' : 'encrypted';
  } catch (error) {
    if (!isCdcError(error)) throw error;
    expect(error.message + error.hint).not.toContain(folder);
    return error.code;
  }
}

describeOwnServer(
  'Connections over TLS',
  'mariadb',
  (server) => {
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'temporal-cdc-tls-'));
      makeCertificate('server', 'localhost');
      makeCertificate('other', 'localhost');
      makeCertificate('stranger', 'db.example.org');
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    test('a server without TLS is refused where it is required, and taken where it is preferred', async () => {
      expect(await ask(server(), 'ssl-mode=REQUIRED')).toBe('LOGIN_REFUSED');
      expect(await ask(server(), 'ssl-mode=VERIFY_CA')).toBe('LOGIN_REFUSED');
      expect(await ask(server(), '')).toBe('plain');
    });

    test('a certificate is looked at as far as the URL says', async () => {
      const [certificate, key] = [join(folder, 'server.crt'), join(folder, 'server.key')];
      await server().restart([`--ssl-cert=${certificate}`, `--ssl-key=${key}`]);
      const [root, other] = [`ssl-ca=${certificate}`, `ssl-ca=${join(folder, 'other.crt')}`];
      expect(await ask(server(), '')).toBe('encrypted');
      expect(await ask(server(), 'ssl-mode=DISABLED')).toBe('plain');
      expect(await ask(server(), 'ssl-mode=REQUIRED')).toBe('encrypted');
      expect(await ask(server(), 'ssl-mode=VERIFY_CA')).toBe('LOGIN_REFUSED');
      expect(await ask(server(), `ssl-mode=VERIFY_CA&${root}`, '127.0.0.1')).toBe('encrypted');
      expect(await ask(server(), `ssl-mode=VERIFY_CA&${other}`)).toBe('LOGIN_REFUSED');
      expect(await ask(server(), `ssl-mode=VERIFY_IDENTITY&${root}`)).toBe('encrypted');
      expect(await ask(server(), 'ssl-mode=VERIFY_IDENTITY&ssl-ca=/nowhere')).toBe('CONFIG_INVALID');
    });

    test('a certificate of another name is refused by VERIFY_IDENTITY, and so is a URL without a name', async () => {
      const [certificate, key] = [join(folder, 'stranger.crt'), join(folder, 'stranger.key')];
      await server().restart([`--ssl-cert=${certificate}`, `--ssl-key=${key}`]);
      const root = `ssl-ca=${certificate}`;
      expect(await ask(server(), `ssl-mode=VERIFY_CA&${root}`)).toBe('encrypted');
      expect(await ask(server(), `ssl-mode=VERIFY_IDENTITY&${root}`)).toBe('LOGIN_REFUSED');
      // The driver would look for the name `localhost` then.
      expect(await ask(server(), `ssl-mode=VERIFY_IDENTITY&${root}`, '127.0.0.1')).toBe('CONFIG_INVALID');
    });
  },
  ['--skip-ssl'],
);
