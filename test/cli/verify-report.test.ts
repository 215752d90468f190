/** What `cdc verify` prints. */
import { describe, expect, test } from '@jest/globals';
import { createColors } from 'picocolors';
import { repairedComparison, verifyJson, verifyReport } from '../../client/cli/reports';
import type { Comparison, RowDifference } from '../../engine/model';

const plain = createColors(false);

describe('verify', () => {
  const table = {
    source: 'orders',
    target: 'orders',
    sourceRows: 10,
    targetRows: 10,
    missing: 0,
    extra: 0,
    different: 0,
    unsettled: 0,
    kept: 0,
    settled: true,
    deadLetters: 0,
  };
  const equal: Comparison = {
    equal: true,
    exact: true,
    inexactBecause: null,
    tables: [table],
    differences: [],
    differencesOmitted: 0,
  };
  const look = { paint: plain, showValues: false };
  const changed: RowDifference = {
    table: 'orders',
    kind: 'different',
    key: { id: 7n },
    columns: ['note'],
    source: { note: 'there' },
    target: { note: null },
  };

  test('says equal', () => {
    const report = verifyReport('p', { comparison: equal, repaired: null }, look);
    expect(report).toContain('Equal: 1 table, 10 rows.');
  });

  test('counts rows that are kept apart, and calls the table equal', () => {
    const comparison = { ...equal, tables: [{ ...table, targetRows: 13, kept: 3 }] };
    const report = verifyReport('p', { comparison, repaired: null }, look);
    expect(report).toMatch(/orders +10 +13 +0 +0 +0 +equal, 3 kept/);
    expect(report).toContain('Equal: 1 table, 10 rows.');
  });

  test('counts what differs, and says when that is not exact', () => {
    const different = { ...table, targetRows: 9, missing: 1, settled: false };
    const comparison: Comparison = {
      ...equal,
      equal: false,
      exact: false,
      inexactBecause: 'table orders is parked',
      tables: [table, different],
    };
    const report = verifyReport('p', { comparison, repaired: null }, look);
    expect(report).toContain('Not equal: 1 of 2 tables differ.');
    expect(report).toContain('This is not exact: table orders is parked.');
  });

  test('does not call rows equal that could not be settled', () => {
    const comparison = { ...equal, equal: false, exact: false, tables: [{ ...table, unsettled: 3 }] };
    const report = verifyReport('p', { comparison, repaired: null }, look);
    expect(report).toContain('3 unsettled');
    expect(report).toContain('Not known');
    expect(report).not.toMatch(/equal/i);
  });

  test('lists rows by key, and their values only where they are asked for', () => {
    const comparison: Comparison = {
      ...equal,
      equal: false,
      tables: [{ ...table, different: 2 }],
      differences: [changed],
      differencesOmitted: 1,
    };
    const shown = { comparison, repaired: null };
    const report = verifyReport('p', shown, look);
    expect(report).toMatch(/different +orders +id = 7: note/);
    expect(report).toContain('and 1 more');
    expect(report).not.toContain('there');
    expect(verifyReport('p', shown, { ...look, showValues: true })).toMatch(
      /note +source "there" +target NULL/,
    );
    const [hidden] = verifyJson('p', shown, false).differences;
    expect(hidden).toEqual({ table: 'orders', kind: 'different', key: { id: 7 }, columns: ['note'] });
    expect(verifyJson('p', shown, true).differences[0]).toMatchObject({
      source: { note: 'there' },
      target: { note: null },
    });
  });

  test('tells after a repair what is left, and what was refused', () => {
    const before: Comparison = { ...equal, equal: false, tables: [{ ...table, missing: 2 }] };
    const again: Comparison = {
      ...equal,
      equal: false,
      tables: [{ ...table, sourceRows: 0, targetRows: 0, missing: 1 }],
    };
    const comparison = repairedComparison(before, again);
    expect(comparison.tables).toEqual([{ ...table, missing: 1 }]);
    const code = 'CONSTRAINT_FAILED' as const;
    const refused = [{ table: 'orders', key: { id: 7n }, code, column: 'note' }];
    const report = verifyReport('p', { comparison, repaired: { rows: 1, refused } }, look);
    expect(report).toContain('Repaired: 1 row.');
    expect(report).toContain('refused  orders  id = 7: CONSTRAINT_FAILED (column note)');
    expect(report).toContain('Not equal: 1 of 1 table differ.');
    const mended = repairedComparison(before, { ...again, tables: [table] });
    expect(mended).toMatchObject({ equal: true, exact: true });
  });
});
