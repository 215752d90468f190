/** As many rows are read at once as fit into memory, whatever they are. */
import { expect, test } from '@jest/globals';
import { allowanceOf, chunkTooLarge, createFitting, type Fitting, type Tuple } from '../../engine';

const BYTES = 10_000;

/** A reader of rows of so many letters: as an adapter reads, and what it was asked for. */
function readerOf(
  letters: () => number,
  { onTheWay = 1, isMeasured = true }: { readonly onTheWay?: number; readonly isMeasured?: boolean } = {},
) {
  const fitting: Fitting = createFitting(BYTES);
  const asked: number[] = [];
  const read = (wanted: number): Promise<readonly Tuple[]> =>
    fitting.read(
      wanted,
      ({ rows, bytes }) => {
        asked.push(rows);
        const allowance = allowanceOf(bytes);
        const found: Tuple[] = [];
        while (found.length < rows) {
          const row = ['x'.repeat(letters())];
          if (allowance?.take(row.map((value) => value.repeat(onTheWay))) === false) throw chunkTooLarge('t');
          found.push(row);
        }
        return Promise.resolve(found);
      },
      isMeasured ? (rows) => rows : null,
    );
  return { asked, read };
}

test('rows that fit are read in one go, as many as are wanted', async () => {
  const { asked, read } = readerOf(() => 1);
  expect(await read(300)).toHaveLength(300);
  expect(await read(200)).toHaveLength(200);
  expect(asked).toEqual([300, 200]);
});

test('of rows that are too large fewer are read, and from then on as few', async () => {
  const { asked, read } = readerOf(() => 400);
  await read(300);
  await read(300);
  await read(300);
  // 12 of them fit, and half of the memory is enough.
  expect(asked).toEqual([300, 64, 16, 4, 4, 4]);
});

test('a row that is larger than all memory comes alone', async () => {
  const { asked, read } = readerOf(() => BYTES);
  expect(await read(300)).toHaveLength(1);
  expect(await read(300)).toHaveLength(1);
  expect(asked).toEqual([300, 64, 16, 4, 1, 1]);
});

test('where rows become smaller again more of them are read, step by step, until all are', async () => {
  let letters = BYTES;
  const { asked, read } = readerOf(() => letters);
  await read(200);
  letters = 1;
  for (let step = 0; step < 12; step++) await read(200);
  expect(asked.slice(4)).toEqual([...Array.from({ length: 7 }, () => 1), 4, 16, 64, 200, 200]);
});

test.each([
  ['rows that take more on their way than when they are there', { onTheWay: 4 }],
  ['rows of which nobody tells what they take', { isMeasured: false }],
])('%s are seldom read in vain', async (_, kind) => {
  const { asked, read } = readerOf(() => 100, kind);
  for (let step = 0; step < 400; step++) await read(300);
  expect(asked.length).toBeLessThan(400 + 4 + 8);
});

test('few rows that are large do not make room for more', async () => {
  const { asked, read } = readerOf(() => 400);
  await read(300);
  await read(1);
  await read(300);
  expect(asked.slice(-1)).toEqual([4]);
});

test('a reader that refuses even one row is not asked again', async () => {
  const fitting = createFitting(BYTES);
  const read = fitting.read(
    4,
    () => Promise.reject(chunkTooLarge('t')),
    () => [],
  );
  await expect(read).rejects.toMatchObject({ code: 'CHUNK_TOO_LARGE', table: 't', retryable: false });
});
