import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import Database from 'better-sqlite3';
import ts from 'typescript';
import { type CliResult, type RunningCli, runCdc, startCdc } from './support/cli';
import { testTemporalAddress } from './support/temporal';

const ROOT = resolve(__dirname, '../..');
const PAGES = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** The fenced blocks of one language. */
function blocks(page: string, language: string): readonly string[] {
  const text = readFileSync(join(ROOT, page), 'utf8');
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(
    (match) => match[1] ?? '',
  );
}

describe("README's commands", () => {
  const mark = `${process.pid}-${Date.now().toString(36)}`;
  const environment = { TEMPORAL_ADDRESS: testTemporalAddress() };
  let folder = '';
  let worker: RunningCli;

  const cdc = (...args: readonly string[]): Promise<CliResult> =>
    runCdc(args, { cwd: folder, env: environment });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cdc-readme-'));
    const [config] = blocks('README.md', 'yaml');
    // Only what other test files must not share: the pipeline's name and the task queue.
    const own = (config ?? '').replace(/^ {2}orders:/m, `  orders-${mark}:`);
    writeFileSync(join(folder, 'cdc.yaml'), `${own}\ntemporal: { taskQueue: readme-${mark} }\n`);
    const shop = new Database(join(folder, 'shop.db'));
    shop.exec(`CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
      CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customers (id));
      CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT, price REAL, notes TEXT);
      INSERT INTO customers VALUES (1, 'Ada'); INSERT INTO orders VALUES (1, 1);
      INSERT INTO products VALUES (1, 'tea', 4.5, 'not replicated');`);
    shop.close();
    worker = startCdc(['worker'], { cwd: folder, env: environment });
    await worker.said('is running');
  });

  afterAll(async () => {
    worker.signal('SIGTERM');
    await worker.result;
    rmSync(folder, { recursive: true, force: true });
  });

  test('work one after the other, as written, on its cdc.yaml', async () => {
    const commands = blocks('README.md', 'sh')
      .flatMap((block) => block.split('\n'))
      .map((line) => /^npx cdc ([^#]+)/.exec(line)?.[1]?.trim())
      .filter((command) => command !== undefined)
      // `dev` brings a Temporal server and a worker, which this test has.
      .filter((command) => command !== 'dev');
    expect(commands.length).toBeGreaterThan(8);
    for (const command of commands) {
      const args = command.split(' ').map((word) => (word === 'orders' ? `orders-${mark}` : word));
      // Asks before it removes anything; a person answers.
      if (args[0] === 'teardown') args.push('--yes');
      const { code, stderr } = await cdc(...args);
      expect({ command, code, stderr: code === 0 ? '' : stderr }).toEqual({ command, code: 0, stderr: '' });
    }
    const replica = new Database(join(folder, 'replica.db'));
    expect(replica.prepare('SELECT * FROM products').all()).toEqual([{ id: 1, name: 'tea', price: 4.5 }]);
    expect(replica.prepare('SELECT count(*) FROM shop_orders').pluck().get()).toBe(1);
    replica.close();
  });
});

describe('the documentation', () => {
  test('has TypeScript that compiles against the package', () => {
    // Inside the package, so that it can be imported by its own name.
    const folder = join(ROOT, 'dist/documentation');
    const files = PAGES.flatMap((page) =>
      blocks(page, 'ts').map((code, index) => ({ file: join(folder, `${page}.${String(index)}.mts`), code })),
    );
    expect(files.length).toBeGreaterThan(3);
    try {
      for (const { file, code } of files) {
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, code);
      }
      const program = ts.createProgram(
        files.map(({ file }) => file),
        {
          module: ts.ModuleKind.Node20,
          target: ts.ScriptTarget.ES2023,
          types: ['node'],
          typeRoots: [join(ROOT, 'node_modules/@types')],
          strict: true,
          noEmit: true,
          skipLibCheck: true,
        },
      );
      const messages = ts
        .getPreEmitDiagnostics(program)
        .map(
          ({ file, messageText }) =>
            `${file?.fileName ?? ''}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
        );
      expect(messages).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('names only tests that there are for what strategies guarantee', () => {
    const page = readFileSync(join(ROOT, 'docs/STRATEGIES.md'), 'utf8');
    const named = [...page.matchAll(/^\| \[\d+\] +\| `([^`]+)`: (.+?) +\|$/gm)];
    expect(named.length).toBeGreaterThan(10);
    const missing = named.filter(([, file, name]) => {
      const path = join(ROOT, file ?? '');
      return !ts.sys.fileExists(path) || !readFileSync(path, 'utf8').includes(name ?? '');
    });
    expect(missing.map(([line]) => line)).toEqual([]);
  });

  test('links only to files that exist', () => {
    const dead = PAGES.flatMap((page) => {
      const text = readFileSync(join(ROOT, page), 'utf8');
      const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((match) => match[1] ?? '');
      return links
        .filter((link) => !ts.sys.fileExists(join(ROOT, dirname(page), link)))
        .map((link) => `${page}: ${link}`);
    });
    expect(dead).toEqual([]);
  });
});
