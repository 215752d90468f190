/**
 * Values of texts that are none in Unicode (`schema/exact-texts.ts`, `database/broken-texts.ts`): as half surrogate
 * pairs, which no database takes for a text, one for each byte. Equal values are equal, and can be asked for again.
 */
import type { ColumnSchema } from '../../../model';
import { nativeName } from '../schema/types';

/** Half of a surrogate pair that stands for the byte 0. */
const FIRST = 0xdc00;
/** What stands before the bytes of a value that is shown as another text. */
const MARK = 0xff;

export function noText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(FIRST + byte)).join('');
}

/** The bytes of such a value as they are read, as a literal; null for any other value. */
export function noTextBytes(value: unknown): string | null {
  const bytes = bytesOf(value);
  return bytes === null ? null : `X'${bytes.toString('hex')}'`;
}

/** The expression for such a value in a column of this type, to be compared with it; null for any other value. */
export function noTextSql({ declaredType, collation }: ColumnSchema, value: unknown): string | null {
  const bytes = bytesOf(value);
  if (bytes === null) return null;
  const native = nativeName(declaredType);
  const charset = /^[a-z0-9]+/.exec(collation ?? '')?.[0] ?? 'utf8mb4';
  if (bytes[0] !== MARK) return `CONVERT(_utf8mb4 X'${bytes.toString('hex')}' USING ${charset})`;
  const own = bytes.subarray(1);
  // The number of the member, or of the set.
  return native === 'enum' || native === 'set'
    ? own.toString('latin1')
    : `_${charset} X'${own.toString('hex')}'`;
}

function bytesOf(value: unknown): Buffer | null {
  if (typeof value !== 'string' || value === '' || !/^[\udc00-\udcff]+$/.test(value)) return null;
  return Buffer.from(Array.from({ length: value.length }, (_, place) => value.charCodeAt(place) - FIRST));
}
