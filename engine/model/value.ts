/**
 * One column's value. SQLite types values one by one, so the JavaScript type carries the storage class:
 * `bigint` is an integer, `number` is a floating point number, `string` is text, `Uint8Array` is bytes.
 * Decimals, dates and everything else that JavaScript would round travel as text.
 */
export type Value = null | boolean | bigint | number | string | Uint8Array;

/** A row by column name. Built with `Object.fromEntries`, so that a column may be called `__proto__`. */
export type Row = Readonly<Record<string, Value>>;

/** Values in the order of a route's columns (or of its key columns). */
export type Tuple = readonly Value[];
