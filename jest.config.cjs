'use strict';

/**
 * The tests run on the compiled output: worker threads and workflow bundles need real .js files, and it is
 * what gets published. `npm test` builds first and runs node with --enable-source-maps, so stack traces name
 * the sources.
 */

const long = process.env['CDC_LONG'] === '1';

/** @type {import('jest').Config} */
module.exports = {
  rootDir: __dirname,
  roots: ['<rootDir>/dist/test'],
  testMatch: ['**/*.test.js'],
  testEnvironment: 'node',
  transform: {},
  setupFiles: ['<rootDir>/dist/test/support/own-driver-errors.js'],
  globalSetup: '<rootDir>/dist/test/support/global-setup.js',
  globalTeardown: '<rootDir>/dist/test/support/global-teardown.js',
  testSequencer: '<rootDir>/scripts/longest-first.cjs',
  // One more than a small machine has cores: the tests wait for servers and for time as long as they compute.
  maxWorkers: 3,
  testTimeout: long ? 60 * 60_000 : 240_000,
};
