import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { runCdc } from '../support/cli';

/** Temporary folders go in here, so that what is left behind is seen. */
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cdc-demo-test-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('cdc demo', () => {
  test('tells its story, proves that both sides are equal, and leaves nothing behind', async () => {
    const startedAt = Date.now();
    const { code, stdout, stderr } = await runCdc(['demo'], { cwd: folder, env: { TMPDIR: folder } });
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(Date.now() - startedAt).toBeLessThan(30_000);
    expect(stdout).toContain('$ cdc pause shop');
    expect(stdout).toContain('4.5 -> 4.95');
    expect(stdout).toMatch(/Price of TEA-01: 4.95 in the shop, still 4.5 in the warehouse/);
    expect(stdout).toMatch(/Price of TEA-01: 4.95 in the shop, 4.95 in the warehouse/);
    expect(stdout).toContain('shop  healthy');
    expect(stdout).toContain('Equal: 4 tables');
    expect(stdout).toContain('Source and target are equal.');
    expect(stdout).not.toContain('\u001b[');
    expect(readdirSync(folder)).toEqual([]);
  });

  test('--keep leaves files to go on with, and never touches a folder in use', async () => {
    const kept = join(folder, 'kept');
    expect(await runCdc(['demo', '--keep', kept], { cwd: folder })).toMatchObject({ code: 0 });
    expect(readdirSync(kept)).toEqual(expect.arrayContaining(['cdc.yaml', 'shop.db', 'warehouse.db']));
    const again = await runCdc(['demo', '--keep', kept], { cwd: folder });
    expect(again.code).toBe(2);
    expect(again.stderr).toContain('is not empty');
    expect(existsSync(join(kept, 'cdc.yaml'))).toBe(true);
  });
});
