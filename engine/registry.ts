/** Adapters by URL scheme. Adapters of one's own are registered here beside ours. */
import { CdcError } from './errors';
import type { Adapter } from './model';

export interface Registry {
  /** Throws ADAPTER_UNKNOWN with the schemes that are known. */
  forUrl(url: string): Adapter;
  readonly schemes: readonly string[];
}

/** Throws ADAPTER_UNKNOWN when two adapters claim the same scheme. */
export function createRegistry(adapters: readonly Adapter[]): Registry {
  const byScheme = new Map<string, Adapter>();
  for (const adapter of adapters) {
    for (const scheme of adapter.schemes) {
      const other = byScheme.get(scheme);
      if (other !== undefined) {
        throw new CdcError(
          'ADAPTER_UNKNOWN',
          `Adapters ${other.name} and ${adapter.name} both claim ${scheme}:`,
        );
      }
      byScheme.set(scheme, adapter);
    }
  }
  const schemes = [...byScheme.keys()].sort();
  return {
    schemes,
    forUrl(url) {
      // Only the scheme may appear in the message: the rest of a URL can hold a password.
      const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase() ?? '';
      const adapter = byScheme.get(scheme);
      if (adapter === undefined) {
        const found = scheme === '' ? 'a URL without a scheme' : `scheme "${scheme}:"`;
        throw new CdcError('ADAPTER_UNKNOWN', `No adapter for ${found}`, {
          hint: `Known schemes: ${schemes.map((s) => `${s}:`).join(', ')}`,
        });
      }
      return adapter;
    },
  };
}
