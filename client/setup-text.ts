/** How far a setup has come, in words. */
import type { SetupProgress } from '../engine/model';

/** Completes "Setting up: …". */
export function setupText({ step, done, of }: SetupProgress): string {
  const many = `${done.toLocaleString('en-US')} of ${of.toLocaleString('en-US')} ${of === 1 ? 'table' : 'tables'}`;
  switch (step) {
    case 'plan':
      return `looked at ${many}`;
    case 'tables':
      return 'making tables on the target';
    case 'capture':
      return `capture on ${many}`;
  }
}
