/** Types of SQLite: each value has its own, and what a column declares is a hint, except in STRICT tables. */
import type { ColumnSchema, SpecialValue } from '../../../model';
import { affinityOf, type Affinity } from './affinity';

/** What values under an affinity may be that other databases lack. NaN is none of them: it is stored as NULL. */
const SPECIALS: Readonly<Record<Affinity, readonly SpecialValue[]>> = {
  integer: ['infinity'],
  real: ['infinity'],
  numeric: ['infinity'],
  text: ['U+0000', 'invalid UTF-8', 'all letters'],
  // Only where nothing is converted -0.0 keeps its sign.
  blob: ['infinity', 'negative zero', 'U+0000', 'invalid UTF-8', 'all letters'],
};

/** Whole numbers of a STRICT table have no infinity; ANY holds all. */
const STRICT_SPECIALS: Readonly<Record<Affinity, readonly SpecialValue[]>> = {
  ...SPECIALS,
  integer: [],
  blob: [],
};

export function columnType(declaredType: string, strict: boolean): Pick<ColumnSchema, 'type' | 'bounds'> {
  const affinity = affinityOf(declaredType, strict);
  const isTyped = strict && !/^any$/i.test(declaredType);
  return {
    type: { kind: 'dynamic', affinity, ...(isTyped ? { strict: true } : {}) },
    bounds: { specials: (isTyped ? STRICT_SPECIALS : SPECIALS)[affinity] },
  };
}
