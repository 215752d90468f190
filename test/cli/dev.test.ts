import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { type RunningCli, runCdc, startCdc } from '../support/cli';
import { folderPerTest } from '../support/sqlite';

const folder = folderPerTest();

const CONFIG = `connections:
  shop: { url: "sqlite:./shop.db" }
  warehouse: { url: "sqlite:./warehouse.db" }
pipelines:
  orders: { source: shop, target: warehouse, tables: ["*"] }
`;

/** For `folder.closing`: ends what a failed test left running. */
function ending(cli: RunningCli): RunningCli {
  folder.closing({
    async close() {
      cli.signal('SIGKILL');
      await cli.result;
    },
  });
  return cli;
}

function prepare(): void {
  writeFileSync(join(folder.path, 'cdc.yaml'), CONFIG);
  folder.database('shop.db', 'CREATE TABLE orders (id INTEGER PRIMARY KEY, total NUMERIC)');
}

describe('cdc dev', () => {
  test('prints the links, serves the other verbs, and ends cleanly on Ctrl-C', async () => {
    prepare();
    const dev = ending(startCdc(['dev'], { cwd: folder.path }));
    await dev.said('Ctrl-C stops');
    const started = await runCdc(['start', 'orders'], { cwd: folder.path });
    expect(started).toMatchObject({ code: 0 });

    const second = await runCdc(['dev'], { cwd: folder.path });
    expect(second.code).toBe(1);
    expect(second.stderr).toContain(`process ${dev.pid}`);

    dev.signal('SIGINT');
    const { code, stdout } = await dev.result;
    expect(stdout).toMatch(/Temporal web UI +http:\/\/127\.0\.0\.1:\d+\//);
    expect(stdout).toContain('cdc start orders');
    expect(code).toBe(0);
    expect(existsSync(join(folder.path, '.cdc/dev.json'))).toBe(false);

    const after = await runCdc(['status', 'orders'], { cwd: folder.path });
    expect(after.code).toBe(1);
    expect(after.stderr).toContain('No Temporal server is named');
  });

  test('a pipeline goes on at the next start, even after a kill', async () => {
    prepare();
    const killed = ending(startCdc(['dev'], { cwd: folder.path }));
    await killed.said('Ctrl-C stops');
    expect(await runCdc(['start', 'orders'], { cwd: folder.path })).toMatchObject({ code: 0 });
    killed.signal('SIGKILL');
    await killed.result;
    // The file of the killed one is there still, and fools nobody.
    expect(existsSync(join(folder.path, '.cdc/dev.json'))).toBe(true);
    expect((await runCdc(['list'], { cwd: folder.path })).stderr).toContain('No Temporal server is named');

    const dev = ending(startCdc(['dev'], { cwd: folder.path }));
    await dev.said('Ctrl-C stops');
    folder.database('shop.db', 'INSERT INTO orders VALUES (1, 9.5)');
    expect(await runCdc(['wait', 'orders', 'caught-up'], { cwd: folder.path })).toMatchObject({ code: 0 });
    dev.signal('SIGTERM');
    expect(await dev.result).toMatchObject({ code: 0 });
  });
});
