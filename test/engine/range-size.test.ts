import { expect, test } from '@jest/globals';
import { createRangeSize } from '../../engine/apply/range-size';

test('chunks of copies grow while they go quickly, up to what the settings allow', () => {
  const size = createRangeSize(100_000);
  const sizes = Array.from({ length: 5 }, () => {
    const rows = size.rows();
    size.took(rows, 50);
    return rows;
  });
  expect(sizes).toEqual([20_000, 40_000, 80_000, 100_000, 100_000]);
});

test('chunks of copies shrink where they take long, and stay where they take their time', () => {
  const size = createRangeSize(100_000);
  size.took(20_000, 600);
  expect(size.rows()).toBe(20_000);
  for (let turn = 0; turn < 10; turn++) size.took(size.rows(), 5_000);
  expect(size.rows()).toBe(1_000);
});

test('a chunk of another size, the last one of a table or one that was read ahead, says nothing', () => {
  const size = createRangeSize(100_000);
  size.took(3, 1);
  size.took(40_000, 1);
  expect(size.rows()).toBe(20_000);
});

test('chunks that no longer have as many rows as they may shrink all the same where they take long', () => {
  const size = createRangeSize(100_000);
  size.took(20_000, 50);
  expect(size.rows()).toBe(40_000);
  size.took(20_000, 5_000);
  expect(size.rows()).toBe(10_000);
  // One that was read ahead, before the size was changed.
  size.took(40_000, 5_000);
  expect(size.rows()).toBe(10_000);
});

test('a chunk without a row of a copy says nothing, however long its changes took', () => {
  const size = createRangeSize(100_000);
  size.took(0, 5_000);
  expect(size.rows()).toBe(20_000);
});

test('settings of fewer rows are kept to', () => {
  const size = createRangeSize(30);
  expect(size.rows()).toBe(30);
  size.took(30, 1);
  expect(size.rows()).toBe(30);
  size.took(30, 60_000);
  expect(size.rows()).toBe(30);
});
