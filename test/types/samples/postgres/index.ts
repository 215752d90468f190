/** Every built-in type of PostgreSQL, kinds of one's own, and those of extensions, with values at their limits. */
import { ARRAYS } from './arrays';
import { OF_EXTENSIONS } from './extensions';
import type { NativeSample } from './native-sample';
import { NUMBERS } from './numbers';
import { OTHERS } from './others';
import { OF_ONES_OWN } from './own';
import { TEXTS } from './texts';
import { TIMES } from './times';

export type { NativeSample } from './native-sample';

export const NATIVE_SAMPLES: Readonly<Record<string, readonly NativeSample[]>> = {
  numbers: NUMBERS,
  'texts and bytes': TEXTS,
  'dates and times': TIMES,
  'other built-in types': OTHERS,
  arrays: ARRAYS,
  'types of one’s own': OF_ONES_OWN,
  'types of extensions': OF_EXTENSIONS,
};
