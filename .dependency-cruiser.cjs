'use strict';

/**
 * The layers of the program as rules. Paths are relative to the repository's root.
 *
 * A rule with `dependencyTypesNot: ['type-only']` lets `import type` through: such an import is erased, so
 * it ties no code together at run time. The engine's own rules don't: its files shall not even be readable
 * only by somebody who knows Temporal or a driver.
 */

const temporal = '(^|/)node_modules/@temporalio/';
/** Modules through which a program reaches the disk, the network or other processes. */
const inputOutput =
  '^(node:)?(child_process|cluster|dgram|dns|fs|http|http2|https|inspector|net|readline|repl|tls|worker_threads)(/|$)';
const drivers = '(^|/)node_modules/(better-sqlite3|pg|pg-[^/]+|mysql|mysql2|mariadb|sqlite3)/';
const engineFoundation = '^engine/(model/|errors(/|\\.ts$))';
const engineFrontDoor = ['^engine/index\\.ts$', engineFoundation];
const messages = '^workflows/messages(/|\\.ts$)';
const ours = '^(activities|bench|client|engine|test|worker|workflows)/';
const shipped = '^(activities|client|engine|worker|workflows)/';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-cycle',
      comment: 'Files that import each other are one file in two places.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-unresolvable',
      comment: 'An import must lead somewhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'model-and-errors-stand-alone',
      comment:
        'engine/model and engine/errors are the words of everything else: they import nothing of ours.',
      severity: 'error',
      from: { path: engineFoundation },
      to: { path: ours, pathNot: engineFoundation },
    },
    {
      name: 'engine-knows-no-temporal',
      comment: 'The engine runs in a simulation and in other programs: not even a type of Temporal.',
      severity: 'error',
      from: { path: '^engine/' },
      to: { path: temporal },
    },
    {
      name: 'engine-knows-no-outer-layer',
      comment: 'Dependencies point inwards.',
      severity: 'error',
      from: { path: '^engine/' },
      to: { path: '^(activities|bench|client|test|worker|workflows)/' },
    },
    {
      name: 'engine-core-opens-nothing',
      comment: 'Databases, files and sockets come into the engine through its ports.',
      severity: 'error',
      from: { path: '^engine/', pathNot: '^engine/adapters/' },
      to: { path: [drivers, inputOutput] },
    },
    {
      name: 'engine-core-names-no-adapter',
      comment: 'What depends on one database is a member of the port, not an import.',
      severity: 'error',
      from: { path: '^engine/', pathNot: '^engine/adapters/' },
      to: { path: '^engine/adapters/' },
    },
    {
      name: 'adapter-imports-no-other-adapter',
      comment: 'Each database stands alone; what two of them share belongs into the core.',
      severity: 'error',
      from: { path: '^engine/adapters/([^/]+)/' },
      to: { path: '^engine/adapters/[^/]+/', pathNot: '^engine/adapters/$1/' },
    },
    {
      name: 'workflows-are-sandboxed',
      comment:
        'Workflow code is replayed: only the workflow SDK and its own folder, and one file of rules that imports types ' +
        'alone; types from anywhere.',
      severity: 'error',
      from: { path: '^workflows/' },
      to: {
        pathNot: ['^workflows/', '^engine/model/capture-rules\\.ts$', `${temporal}(workflow|common)/`],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'activities-use-the-front-door',
      comment: 'Activities are thin: they call the engine through engine/index and turn errors.',
      severity: 'error',
      from: { path: '^activities/' },
      to: {
        pathNot: ['^activities/', ...engineFrontDoor, `${temporal}(activity|common)/`, messages],
      },
    },
    {
      name: 'activities-take-types-from-workflows',
      comment: 'Code of a workflow must not run in an activity.',
      severity: 'error',
      from: { path: '^activities/' },
      to: { path: '^workflows/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'client-steers-through-temporal',
      comment: 'The client library opens no database and runs no worker: it knows the messages.',
      severity: 'error',
      from: { path: '^client/', pathNot: '^client/cli/' },
      to: {
        path: [ours, temporal, drivers],
        pathNot: ['^client/', engineFoundation, messages, `${temporal}(client|common|envconfig)/`],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'client-knows-no-cli',
      comment: 'The command line is built on the client library, not the other way round.',
      severity: 'error',
      from: { path: '^client/', pathNot: '^client/cli/' },
      to: { path: '^client/cli/' },
    },
    {
      name: 'cli-goes-through-client-and-worker',
      comment: "The command line reaches databases through the worker's composition root.",
      severity: 'error',
      from: { path: '^client/cli/' },
      to: {
        path: ours,
        pathNot: ['^client/', '^worker/', ...engineFrontDoor, messages],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'only-worker-names-adapters',
      comment: 'The worker is the composition root. Tests and benches may name an adapter too.',
      severity: 'error',
      from: { path: ours, pathNot: '^(bench|engine|test|worker)/' },
      to: { path: '^engine/adapters/' },
    },
    {
      name: 'worker-stands-below-client',
      comment: 'A worker runs without the command line.',
      severity: 'error',
      from: { path: '^worker/' },
      to: { path: '^client/' },
    },
    {
      name: 'shipped-code-imports-no-test',
      comment: 'Tests and benches are not published.',
      severity: 'error',
      from: { path: shipped },
      to: { path: '^(bench|test)/' },
    },
    {
      name: 'shipped-code-needs-dependencies-only',
      comment: 'What is published must be installed with it.',
      severity: 'error',
      from: { path: shipped },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|coverage|scripts)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['require', 'node', 'default', 'types'],
    },
  },
};
