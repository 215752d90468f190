/** Cursors of MySQL: its texts are valid in their character set, whatever another database may hold. */
import {
  decodeCursor as decode,
  invalidCursor,
  isRawText,
  type Cursor,
  type Tuple,
  type Value,
} from '../../../model';

export { encodeCursor } from '../../../model';

/** Throws POSITION_INVALID for what is no cursor, or one of a key that no row here can have. */
export function decodeCursor(cursor: Cursor, length: number): Tuple {
  return decode(cursor, length).map((value): Value => {
    if (isRawText(value)) throw invalidCursor();
    return value;
  });
}
