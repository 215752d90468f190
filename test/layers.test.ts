import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';

const root = resolve(__dirname, '../..');

interface Violation {
  readonly rule: string;
  readonly from: string;
}

const reportSchema = z.object({
  summary: z.object({
    totalCruised: z.number(),
    violations: z.array(z.object({ from: z.string(), rule: z.object({ name: z.string() }) })),
  }),
});

interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(directory: string, args: readonly string[], stdin = ''): Promise<Output> {
  return new Promise((done) => {
    const child = execFile(
      process.execPath,
      args,
      { cwd: directory, maxBuffer: 2 ** 26 },
      (error, stdout, stderr) => {
        done({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : 1, stdout, stderr });
      },
    );
    child.stdin?.end(stdin);
  });
}

/** The violations that dependency-cruiser finds in a tree. */
async function violations(directory: string): Promise<readonly Violation[]> {
  const cruiser = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const config = join(directory, '.dependency-cruiser.cjs');
  const output = await run(directory, [cruiser, '--config', config, '--output-type', 'json', '.']);
  if (!output.stdout.startsWith('{')) throw new Error(`dependency-cruiser: ${output.stderr}`);
  const report = reportSchema.parse(JSON.parse(output.stdout));
  expect(report.summary.totalCruised).toBeGreaterThan(0);
  return report.summary.violations.map(({ from, rule }) => ({ rule: rule.name, from }));
}

/** What no file may say; `from` is where, `rule` what must notice. */
const planted: readonly { readonly rule: string; readonly from: string; readonly code: string }[] = [
  {
    rule: 'model-and-errors-stand-alone',
    from: 'engine/model/planted.ts',
    code: "import { target } from '../apply/target';\nexport const planted = target;",
  },
  {
    rule: 'model-and-errors-stand-alone',
    from: 'engine/errors.ts',
    code: "import { target } from './apply/target';\nexport const errors = target;",
  },
  {
    rule: 'engine-knows-no-temporal',
    from: 'engine/apply/temporal-type.ts',
    code: "import type { Duration } from '@temporalio/common';\nexport type Planted = Duration;",
  },
  {
    rule: 'engine-knows-no-outer-layer',
    from: 'engine/apply/outer.ts',
    code: "import type { Target } from '../../worker/target';\nexport type Planted = Target;",
  },
  {
    rule: 'engine-core-opens-nothing',
    from: 'engine/capture/driver.ts',
    code: "import Database from 'better-sqlite3';\nexport const planted = Database;",
  },
  {
    rule: 'engine-core-opens-nothing',
    from: 'engine/capture/disk.ts',
    code: "import { readFileSync } from 'node:fs';\nexport const planted = readFileSync;",
  },
  {
    rule: 'engine-core-names-no-adapter',
    from: 'engine/index.ts',
    code: "import { adapter } from './adapters/sqlite/adapter';\nexport const planted = adapter;",
  },
  {
    rule: 'adapter-imports-no-other-adapter',
    from: 'engine/adapters/mysql/neighbour.ts',
    code: "import { adapter } from '../sqlite/adapter';\nexport const planted = adapter;",
  },
  {
    rule: 'workflows-are-sandboxed',
    from: 'workflows/engine.ts',
    code: "import { target } from '../engine/apply/target';\nexport const planted = target;",
  },
  {
    rule: 'workflows-are-sandboxed',
    from: 'workflows/node.ts',
    code: "import { hostname } from 'node:os';\nexport const planted = hostname;",
  },
  {
    rule: 'activities-use-the-front-door',
    from: 'activities/side-door.ts',
    code: "import { target } from '../engine/apply/target';\nexport const planted = target;",
  },
  {
    rule: 'activities-take-types-from-workflows',
    from: 'activities/workflow-code.ts',
    code: "import { messages } from '../workflows/messages';\nexport const planted = messages;",
  },
  {
    rule: 'client-steers-through-temporal',
    from: 'client/worker.ts',
    code: "import { target } from '../worker/target';\nexport const planted = target;",
  },
  {
    rule: 'client-steers-through-temporal',
    from: 'client/workflow-sdk.ts',
    code: "import { sleep } from '@temporalio/workflow';\nexport const planted = sleep;",
  },
  {
    rule: 'client-knows-no-cli',
    from: 'client/cli-user.ts',
    code: "import { command } from './cli/command';\nexport const planted = command;",
  },
  {
    rule: 'cli-goes-through-client-and-worker',
    from: 'client/cli/side-door.ts',
    code: "import { target } from '../../engine/apply/target';\nexport const planted = target;",
  },
  {
    rule: 'only-worker-names-adapters',
    from: 'client/cli/adapter.ts',
    code: "import { adapter } from '../../engine/adapters/sqlite/adapter';\nexport const planted = adapter;",
  },
  {
    rule: 'worker-stands-below-client',
    from: 'worker/cli-user.ts',
    code: "import { command } from '../client/cli/command';\nexport const planted = command;",
  },
  {
    rule: 'shipped-code-imports-no-test',
    from: 'worker/test-user.ts',
    code: "import { support } from '../test/support';\nexport const planted = support;",
  },
  {
    rule: 'shipped-code-needs-dependencies-only',
    from: 'engine/contract/jest-user.ts',
    code: "import { expect } from '@jest/globals';\nexport const planted = expect;",
  },
  {
    rule: 'no-cycle',
    from: 'engine/apply/egg.ts',
    code: "import { hen } from './hen';\nexport const egg = (): unknown => hen;",
  },
];

/** What the planted files import, and files that the rules must let pass. */
const allowed: Readonly<Record<string, string>> = {
  'engine/apply/target.ts': 'export const target = 1;\nexport type Target = number;',
  'engine/apply/hen.ts': "import { egg } from './egg';\nexport const hen = (): unknown => egg;",
  'engine/adapters/sqlite/adapter.ts':
    "import Database from 'better-sqlite3';\nexport const adapter = Database;",
  'worker/target.ts':
    "import { adapter } from '../engine/adapters/sqlite/adapter';\nexport const target = adapter;\nexport type Target = number;",
  'workflows/messages.ts':
    "import { defineQuery } from '@temporalio/workflow';\nexport const messages = defineQuery;",
  'workflows/type-user.ts':
    "import type { Target } from '../engine/apply/target';\nexport type Allowed = Target;",
  'activities/front-door.ts':
    "import { planted } from '../engine';\nimport type { messages } from '../workflows/messages';\nexport const allowed: typeof messages | typeof planted = planted;",
  'client/steering.ts':
    "import { Client } from '@temporalio/client';\nimport { messages } from '../workflows/messages';\nexport const allowed = [Client, messages];",
  'client/cli/command.ts':
    "import { allowed } from '../steering';\nimport { target } from '../../worker/target';\nexport const command = [allowed, target];",
  'test/support.ts':
    "import { adapter } from '../engine/adapters/sqlite/adapter';\nexport const support = adapter;",
};

describe('the layers', () => {
  let tree = '';
  let found: readonly Violation[] = [];

  beforeAll(async () => {
    tree = mkdtempSync(join(tmpdir(), 'temporal-cdc-layers-'));
    for (const file of ['.dependency-cruiser.cjs', 'tsconfig.json', 'package.json']) {
      cpSync(join(root, file), join(tree, file));
    }
    symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));
    const files = { ...allowed, ...Object.fromEntries(planted.map(({ from, code }) => [from, code])) };
    for (const [file, code] of Object.entries(files)) {
      mkdirSync(dirname(join(tree, file)), { recursive: true });
      writeFileSync(join(tree, file), `${code}\n`);
    }
    found = await violations(tree);
  });

  afterAll(() => rmSync(tree, { recursive: true, force: true }));

  test('hold in the whole program', async () => {
    expect(await violations(root)).toEqual([]);
  });

  test.each(planted.map(({ rule, from }) => [rule, from]))('%s notices %s', (rule, from) => {
    expect(found).toContainEqual({ rule, from });
  });

  test.each(Object.keys(allowed))('let %s pass', (file) => {
    expect(found.filter(({ from }) => from === file)).toEqual([]);
  });
});

describe('the environment', () => {
  // Lints a line without type information: the file need not exist, and it takes a second instead of five.
  const script = `
    import { ESLint } from 'eslint';
    import tseslint from 'typescript-eslint';
    const eslint = new ESLint({ overrideConfig: tseslint.configs.disableTypeChecked });
    const code = "export const home = process.env['HOME'];\\n";
    const folders = ['activities', 'client', 'client/cli', 'engine', 'worker', 'workflows'];
    const refused = [];
    for (const folder of folders) {
      const [result] = await eslint.lintText(code, { filePath: folder + '/planted.ts' });
      if (result.messages.some(({ ruleId }) => ruleId === 'no-restricted-properties')) refused.push(folder);
    }
    console.log(refused.join(' '));
  `;

  test('is read by worker/ only', async () => {
    const output = await run(root, ['--input-type=module', '-'], script);
    expect(output).toEqual({
      code: 0,
      stdout: 'activities client client/cli engine workflows\n',
      stderr: '',
    });
  });
});
