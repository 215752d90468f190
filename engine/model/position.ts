/**
 * Positions and cursors: opaque to everyone but the adapter that made them. They are kept in the target's
 * checkpoint and in the source's consumer row, and go nowhere else: never to Temporal, never to a log.
 */

declare const positionBrand: unique symbol;
declare const cursorBrand: unique symbol;

/** How far the changes of a set of tables have been read. Never a bare `max(id)`: ask the adapter. */
export type Position = string & { readonly [positionBrand]: true };

/** The last key that a snapshot or a comparison has passed in a table, in the order of the adapter. */
export type Cursor = string & { readonly [cursorBrand]: true };

/** Marks text as a position. For adapters and for reading a checkpoint back. */
export function asPosition(text: string): Position {
  return text as Position;
}

/** Marks text as a cursor. For adapters and for reading a checkpoint back. */
export function asCursor(text: string): Cursor {
  return text as Cursor;
}
