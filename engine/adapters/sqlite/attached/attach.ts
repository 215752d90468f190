/** Sources attached to a target's connection: read by set statements, never written. */
import { SqliteError } from 'better-sqlite3';
import { CdcError } from '../../../errors';
import type { TableRoute } from '../../../model';
import { toDatabaseError } from '../database/errors';
import { decodeLocator, identityOf, sameFile, type AttachLocator } from '../database/file';
import { sessionState, type Session } from '../database/session';

export interface AttachedSource {
  /** Schema name on this connection. */
  readonly schema: string;
  readonly locator: AttachLocator;
}

/** What one staging works with, inside of its read transaction. */
export interface Reading {
  readonly session: Session;
  readonly source: AttachedSource;
  /** An empty TEMP table for rows of this route. */
  readonly borrow: (route: TableRoute) => string;
}

/** By locator. An attached database stays so: detaching would throw away every prepared statement. */
const attachedTo = sessionState<Map<string, AttachedSource>>(() => new Map());

/**
 * Attaches the source once per connection. Throws SOURCE_REPLACED when another file stands at its path.
 * Null where SQLite cannot attach it: databases of different text encodings don't go together.
 */
export function attachSource(session: Session, locatorText: string): AttachedSource | null {
  const attached = attachedTo(session);
  const known = attached.get(locatorText);
  const locator = known?.locator ?? decodeLocator(locatorText);
  // Also before attaching, because that would make a missing file.
  if (!sameFile(locator, identityOf(locator.path))) {
    throw new CdcError('SOURCE_REPLACED', `${locator.name} is no longer the file that was opened`);
  }
  if (known !== undefined) return known;

  // Statements name every other database, so this name can clash with none of the user's tables.
  const schema = `cdc_source_${attached.size + 1}`;
  try {
    session.run(`ATTACH ? AS ${schema}`, locator.path);
    // Long scans need no cache, and what is read here is read once.
    session.db.pragma(`${schema}.cache_size = -4000`);
    session.get(`PRAGMA ${schema}.schema_version`);
  } catch (error) {
    if (error instanceof SqliteError && error.code === 'SQLITE_ERROR') return null;
    throw toDatabaseError(error, locator.name);
  }
  const source = { schema, locator };
  attached.set(locatorText, source);
  return source;
}
