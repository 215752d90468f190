/**
 * Deep equality of plain data. Data that came out of a worker thread has prototypes of another realm where a test
 * runner puts its tests into one, so `assert.deepEqual` alone would take equal arrays for different.
 */
import assert from 'node:assert/strict';

export function assertEqual(actual: unknown, expected: unknown, message?: string): void {
  assert.deepEqual(rebuild(actual), rebuild(expected), message);
}

/** The same data made of this realm's arrays and objects. */
function rebuild(data: unknown): unknown {
  // `data.map` would answer an array of the realm of `data`.
  if (Array.isArray(data)) return Array.from<unknown, unknown>(data, rebuild);
  if (ArrayBuffer.isView(data)) {
    return { bytes: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex') };
  }
  if (typeof data !== 'object' || data === null) return data;
  // A key may be called `__proto__`.
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, rebuild(value)]));
}
