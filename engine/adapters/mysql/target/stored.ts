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

function unreadable(): CdcError {
  return new CdcError('INTERNAL', 'A checkpoint or dead letter holds what this version does not know');
}
