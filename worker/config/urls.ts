/** URLs of connections: which database they name, with relative paths anchored at the configuration's folder. */
import { resolve } from 'node:path';
import { toCdcError } from '../../engine/errors';
import type { Registry } from '../../engine/registry';

/** Schemes of databases that may be named in messages, with or without an adapter for them. */
const WELL_KNOWN: ReadonlySet<string> = new Set([
  ...['sqlite', 'postgres', 'postgresql', 'mysql', 'mariadb', 'file', 'http', 'https'],
  ...['mongodb', 'mssql', 'sqlserver', 'oracle', 'redis'],
]);

export type AnchoredUrl = { readonly url: string } | { readonly problem: string };

/** A relative `sqlite:path` starts at the folder; the folder's name is written as a URL needs it. */
function anchorFile(url: string, folder: string): string {
  const path = url.slice('sqlite:'.length);
  if (path === '' || path.startsWith('/') || path === ':memory:') return url;
  return `sqlite:${resolve(folder.replace(/[%?]/g, encodeURIComponent), path)}`;
}

/**
 * Makes a URL independent of where the program was started, and has its adapter look at it. A problem names at most
 * the scheme: the rest may hold a password.
 */
export function anchorUrl(url: string, folder: string, registry: Registry): AnchoredUrl {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase();
  const known = registry.schemes.map((each) => `${each}:`).join(', ');
  if (scheme === undefined) return { problem: `starts with no scheme; known are ${known}` };
  if (!registry.schemes.includes(scheme)) {
    const named = WELL_KNOWN.has(scheme) ? `"${scheme}:" is not supported yet` : 'this scheme is unknown';
    return { problem: `${named}; known are ${known}` };
  }
  const anchored = scheme === 'sqlite' ? anchorFile(url, folder) : url;
  try {
    registry.forUrl(anchored).identify(anchored);
    return { url: anchored };
  } catch (error) {
    const { message, hint } = toCdcError(error);
    return { problem: `${message}. ${hint}` };
  }
}
