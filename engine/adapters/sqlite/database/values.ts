/** Reads single values out of result rows; a value of another kind than the SQL promises is a fault of ours. */
import { CdcError } from '../../../errors';
import type { Value } from '../../../model';

function unexpected(wanted: string, value: Value | undefined): CdcError {
  const found = value === null ? 'null' : typeof value;
  return new CdcError('INTERNAL', `A statement answered ${found} where ${wanted} was expected`);
}

/** A number that is exact in JavaScript: counts, ids, times in milliseconds. */
export function numberOf(value: Value | undefined): number {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'number') return value;
  throw unexpected('a number', value);
}

export function numberOrNull(value: Value | undefined): number | null {
  return value === null || value === undefined ? null : numberOf(value);
}

export function textOf(value: Value | undefined): string {
  if (typeof value === 'string') return value;
  throw unexpected('text', value);
}

export function textOrNull(value: Value | undefined): string | null {
  return value === null || value === undefined ? null : textOf(value);
}

/** SQLite's own booleans: 0 and 1. */
export function flagOf(value: Value | undefined): boolean {
  return numberOf(value) !== 0;
}
