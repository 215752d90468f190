/**
 * The order of the test files: those that take longest begin, so that none is left running alone at the end. Jest
 * knows how long they take only from a run before, and a fresh clone has none; it then goes by the files' sizes, which
 * say nothing here: the contract suites are a dozen lines each.
 */
'use strict';

const path = require('node:path');
const { default: Sequencer } = require('@jest/test-sequencer');

const tests = path.resolve(__dirname, '../dist/test');

/** Those that take long, the longest first, as measured; the others follow by size. */
const LONGEST = [
  'contract/mysql',
  'contract/mariadb',
  'contract/postgres',
  'postgres/types',
  'types/mysql',
  'types/mariadb',
  'types/postgres',
  'workflow/strategies',
  'workflow/pairs',
  'workflow/privacy',
  'engine/tables-at-once',
  'contract/postgres-installed',
  'mysql/cascades',
  'contract/sqlite',
  'simulation/simulation',
  'cli/wrong-use',
  'docs',
  'workflow/stopped-worker',
  'cli/verbs',
  'mysql/values',
  'postgres/to-sqlite',
  'engine/convergence',
  'cli/dead-letters',
  'mysql/drift',
  'types/differences',
  'types/sqlite',
  'sqlite/converting-target',
  'engine/going-back',
  'workflow/failing',
  'workflow/long-setup',
  'mysql/merge',
  'engine/processes',
  'workflow/history',
  'cli/demo',
  'postgres/copy',
  'cli/dev',
  'mysql/side-effects',
  'workflow/liveness',
  'engine/observing',
  'postgres/target-sessions',
  'mysql/stress',
  'cli/doctor',
  'workflow/steering',
  'engine/database-errors',
  'temporal-server',
  'cli/sequences',
  'mysql/target-sessions',
  'postgres/failover',
];

class LongestFirst extends Sequencer {
  /** @override */
  sort(found) {
    const sorted = super.sort(found);
    // With `duration`, Jest has gone by what it saw itself.
    if (sorted.every((test) => test.duration !== undefined)) return sorted;
    return [...sorted].sort((one, other) => rankOf(one) - rankOf(other));
  }
}

/** @param {{ readonly path: string }} test */
function rankOf(test) {
  const name = path.relative(tests, test.path).replaceAll(path.sep, '/').replace('.test.js', '');
  const rank = LONGEST.indexOf(name);
  return rank === -1 ? LONGEST.length : rank;
}

module.exports = LongestFirst;
