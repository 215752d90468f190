/** Fields of our own tables as what was stored in them. */
import { CdcError } from '../../../errors';
import type { Field } from '../database';

export function text(field: Field | undefined): string {
  if (field === null || field === undefined || field instanceof Uint8Array) throw unreadable();
  return String(field);
}

export function textOrNull(field: Field | undefined): string | null {
  return field === null || field === undefined ? null : text(field);
}

export function flag(field: Field | undefined): boolean {
  return Number(field) === 1;
}

export function oneOf<T extends string>(value: string, known: readonly T[]): T {
  const found = known.find((name) => name === value);
  if (found === undefined) throw unreadable();
  return found;
}

/** Names as JSON. */
export function names(json: string): readonly string[] {
  const parsed: unknown = JSON.parse(json);
  if (!Array.isArray(parsed)) throw unreadable();
  return parsed.map((name: unknown) => {
    if (typeof name !== 'string') throw unreadable();
    return name;
  });
}

function unreadable(): CdcError {
  return new CdcError('INTERNAL', 'A checkpoint or dead letter holds what this version does not know');
}
