/** As many rows are read at once as fit into memory, whatever they are. */
import { expect, test } from '@jest/globals';
import { allowanceOf, chunkTooLarge, createFitting, type Fitting, type Tuple } from '../../engine';

const BYTES = 10_000;

/** A reader of rows of so many letters: as an adapter reads, and what it was asked for. */
function readerOf(letters: () => number, fitting: Fitting = createFitting(BYTES)) {
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
          if (allowance?.take(row) === false) throw chunkTooLarge('t');
          found.push(row);
        }
        return Promise.resolve(found);
      },
      (rows) => rows,
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
  for (let step = 0; step < 6; step++) await read(200);
  expect(asked.slice(4)).toEqual([1, 4, 16, 64, 200, 200]);
});

test('few rows that are large do not make room for more', async () => {
  const { asked, read } = readerOf(() => 400);
  await read(300);
  await read(1);
  await read(300);
  expect(asked.slice(-1)).toEqual([4]);
});

test('what a reader says of the last row is passed on', async () => {
  const fitting = createFitting(BYTES);
  const read = fitting.read(
    4,
    () => Promise.reject(chunkTooLarge('t')),
    () => [],
  );
  await expect(read).rejects.toMatchObject({ code: 'CHUNK_TOO_LARGE', table: 't' });
});
