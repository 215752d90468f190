/** Adapters without a direct way from source to target: what is left is rows. */
import type { Adapter } from '../../engine';

export function byRows(adapter: Adapter): Adapter {
  return {
    ...adapter,
    async openTarget(options) {
      return { ...(await adapter.openTarget(options)), direct: () => Promise.resolve(null) };
    },
  };
}
