/** What can be said of a column's values on the target, and how it is worded. */
import type { TypedColumn } from './bounds';

/**
 * `exact`: the same values in a column of the same meaning. `widened`: all values, in a column that holds more or shows
 * them otherwise. `checked`: a value may not fit; each is looked at, and one that doesn't is set aside, never altered.
 * `lossy`: as `checked`, but altered to fit, because the configuration says so by name. `refused`: no value would fit.
 */
export type Fidelity = 'exact' | 'widened' | 'checked' | 'lossy' | 'refused';

export interface Holding {
  readonly fidelity: Fidelity;
  /** How values are shown where that differs, or which of them may not fit; null for `exact`. */
  readonly reason: string | null;
}

export const EXACT: Holding = { fidelity: 'exact', reason: null };

export function widened(reason: string): Holding {
  return { fidelity: 'widened', reason };
}

export function checked(what: string): Holding {
  return { fidelity: 'checked', reason: `may not fit: ${what}` };
}

/** What the two types alone say; `bounds` are looked at afterwards. */
export function refused(source: TypedColumn, target: TypedColumn): Holding {
  const [name, other] = [nameOf(target), nameOf(source)];
  const reason =
    name === other && target.parts !== source.parts
      ? `${name} is another type there: ${target.parts ?? 'it consists of nothing else'}`
      : `${name} holds no value of ${other}`;
  return { fidelity: 'refused', reason };
}

export function nameOf({ declaredType }: TypedColumn): string {
  return declaredType === '' ? 'a column without a type' : declaredType;
}
