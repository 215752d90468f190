/**
 * What a target needs to read a source by connections of its own. It holds the URL with its password, so it stays
 * inside the process: an offer is never stored or shown.
 */
import { CdcError } from '../../../errors';

export interface Locator {
  readonly url: string;
}

export function encodeLocator({ url }: Locator): string {
  return JSON.stringify({ v: 1, url });
}

/** Throws INTERNAL for what `encodeLocator` did not make. */
export function decodeLocator(text: string): Locator {
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed === 'object' && parsed !== null && 'url' in parsed && typeof parsed.url === 'string') {
    return { url: parsed.url };
  }
  throw new CdcError('INTERNAL', 'A source made an offer that cannot be read');
}
