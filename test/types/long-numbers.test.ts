/** Numbers of many digits are read in time that grows with their length. */
import { expect, test } from '@jest/globals';
import { fractionDigits, plainDecimal } from '../../engine/adapters/mysql/target/literals';
import { canonicalNumber } from '../../engine/model/types/canonical-number';

const ZEROS = '0'.repeat(130_000);

test.each([
  ['the canonical form', () => canonicalNumber(`1${ZEROS}1`), `1${ZEROS}1`],
  ['the canonical form without zeros at its end', () => canonicalNumber(`1${ZEROS}1.50`), `1${ZEROS}1.5`],
  ['a decimal of MySQL', () => plainDecimal(`0.1${ZEROS}10`), `0.1${ZEROS}1`],
  ['the digits of a fraction', () => fractionDigits(`.1${ZEROS}10`), ZEROS.length + 2],
])('%s takes no time that a person would notice', (_what, made, expected) => {
  const before = performance.now();
  const found = made();
  expect(found === expected).toBe(true);
  expect(performance.now() - before).toBeLessThan(2_000);
});
