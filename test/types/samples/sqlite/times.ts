/** Columns for dates and times: text in ISO 8601, seconds since 1970, or days of the julian calendar. */
import type { MatrixSample } from '../../sample';
import { column } from './column';
import { COUNTED_DATES, DATES, INVALID } from './values';

export const TIMES: readonly MatrixSample[] = [
  'DATE',
  'DATETIME',
  'TIMESTAMP',
  'TIMESTAMP WITH TIME ZONE',
  'TIME',
  'datetime(6)',
].map((declared) =>
  column(declared, {
    kind: 'text',
    holds: [...DATES, ...COUNTED_DATES, '1e20', '9e999'],
    others: [`X'01'`, ...INVALID],
  }),
);
