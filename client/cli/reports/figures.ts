/** Numbers, durations and times as people like to read them. */
import { duration } from '../../../engine/model';

export { duration };

/** `1,234,567`. */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}

/** `1 change`, `2 changes`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** `2026-11-22 23:04:11Z`: the same everywhere, whatever the reader's zone and language. */
export function time(milliseconds: number): string {
  return new Date(milliseconds)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, 'Z');
}

/** `3.2 s ago`. */
export function ago(milliseconds: number, now: number): string {
  return `${duration(Math.max(0, now - milliseconds))} ago`;
}

/** Changes or rows a second: `1,200/s`; null when nothing can be said yet. */
export function rate(amount: number, milliseconds: number): string | null {
  return milliseconds < 200 ? null : `${count(Math.round((amount * 1000) / milliseconds))}/s`;
}
