/** Cursors of SQLite: text is kept as text where it is valid UTF-8, else by its bytes: SQLite takes any bytes as text. */
import { isRawText, type CursorValue, type Value } from '../../../model';

/** How a cursor's value stands in SQL and what is bound to it. */
export function bindCursorValue(value: CursorValue): { readonly sql: string; readonly bound: Value } {
  return isRawText(value) ? { sql: 'CAST(? AS TEXT)', bound: value.rawText } : { sql: '?', bound: value };
}
