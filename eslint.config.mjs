import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** An editor's early word on the layers; the whole of them stands in .dependency-cruiser.cjs. */
function layer(group, message) {
  return {
    '@typescript-eslint/no-restricted-imports': [
      'error',
      {
        paths: [{ name: 'node:process', message: 'Use the global; only worker/ reads the environment.' }],
        patterns: group.length === 0 ? [] : [{ group, message, allowTypeImports: true }],
      },
    ],
  };
}

const environment = {
  object: 'process',
  property: 'env',
  message: 'Only worker/ reads the environment; take the setting as a parameter.',
};
const clockMessage = 'The engine reads no clock and no chance of its own: use its ports.';

const noDefaultExport = {
  selector: 'ExportDefaultDeclaration, ExportSpecifier[exported.name="default"]',
  message: 'Name what you export.',
};

export default defineConfig(
  globalIgnores(['dist/', 'coverage/', 'node_modules/']),
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      'max-lines': ['error', { max: 400, skipBlankLines: false, skipComments: false }],
      eqeqeq: 'error',
      'no-var': 'error',
      'prefer-const': 'error',
    },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: false, requireDefaultForNonUnion: true },
      ],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unsafe-type-assertion': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/prefer-readonly': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // The language's own habit of a leading underscore for a parameter that an interface demands.
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'none' },
      ],
      'no-restricted-syntax': ['error', noDefaultExport],
      ...layer([], ''),
    },
  },
  {
    files: ['{activities,client,engine,workflows}/**/*.ts'],
    rules: { 'no-restricted-properties': ['error', environment] },
  },
  {
    files: ['engine/**/*.ts'],
    rules: layer(
      ['@temporalio/*', '**/workflows/**', '**/activities/**', '**/worker/**', '**/client/**'],
      'The engine knows nothing of Temporal and of the layers around it.',
    ),
  },
  {
    files: ['engine/**/*.ts'],
    ignores: ['engine/adapters/**', 'engine/contract/**'],
    rules: {
      'no-restricted-properties': [
        'error',
        environment,
        { object: 'Date', property: 'now', message: clockMessage },
        { object: 'performance', property: 'now', message: clockMessage },
        { object: 'process', property: 'hrtime', message: clockMessage },
        { object: 'Math', property: 'random', message: clockMessage },
      ],
      'no-restricted-globals': [
        'error',
        { name: 'setTimeout', message: clockMessage },
        { name: 'setInterval', message: clockMessage },
        { name: 'setImmediate', message: clockMessage },
      ],
      'no-restricted-syntax': [
        'error',
        noDefaultExport,
        { selector: 'NewExpression[callee.name="Date"][arguments.length=0]', message: clockMessage },
      ],
    },
  },
  {
    // An opaque type (a position, a quoted name) is made in one place of the model, by an assertion.
    files: ['engine/model/**/*.ts'],
    rules: { '@typescript-eslint/no-unsafe-type-assertion': 'off' },
  },
  {
    files: ['workflows/**/*.ts'],
    rules: layer(
      [
        'node:*',
        '**/engine/*',
        '!**/engine/model',
        '**/engine/model/*',
        '!**/engine/model/capture-rules',
        '**/activities/**',
        '**/worker/**',
        '**/client/**',
        'zod',
      ],
      'Workflow code imports the workflow SDK and its own folder; types from elsewhere.',
    ),
  },
  {
    files: ['activities/**/*.ts'],
    rules: layer(
      ['**/engine/adapters/**', '**/worker/**', '**/client/**', '@temporalio/worker', '@temporalio/client'],
      "Activities use the engine's front door.",
    ),
  },
  {
    files: ['client/**/*.ts'],
    ignores: ['client/cli/**'],
    rules: layer(
      ['**/engine/adapters/**', '**/worker/**', '**/activities/**', '@temporalio/worker', 'better-sqlite3'],
      'The client library steers through Temporal only.',
    ),
  },
  {
    files: ['client/cli/**/*.ts'],
    rules: layer(['**/engine/adapters/**'], 'The command line goes through the worker.'),
  },
  {
    // Jest takes these by their default export.
    files: ['test/support/global-{setup,teardown}.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    files: ['**/*.{cjs,mjs,js}'],
    languageOptions: {
      globals: {
        __dirname: 'readonly',
        setInterval: 'readonly',
        console: 'readonly',
        module: 'writable',
        process: 'readonly',
        require: 'readonly',
      },
    },
  },
);
