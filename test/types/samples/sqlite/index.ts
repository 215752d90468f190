/** Columns of SQLite by what their declared type stands for, with values of every storage class. */
import type { MatrixSample } from '../../sample';
import { BYTES, TEXTUAL, UNTYPED } from './texts';
import { BOOLEANS, INTEGRAL, NUMERICS, REALS } from './numbers';
import { STRICT } from './strict';
import { TIMES } from './times';

export const SQLITE_SAMPLES: readonly MatrixSample[] = [
  ...INTEGRAL,
  ...REALS,
  ...NUMERICS,
  ...BOOLEANS,
  ...TIMES,
  ...TEXTUAL,
  ...BYTES,
  ...UNTYPED,
  ...STRICT,
];
