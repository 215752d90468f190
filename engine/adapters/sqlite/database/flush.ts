/** Makes what was committed survive a power cut. */
import { closeSync, fsyncSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Session } from './session';

/**
 * In WAL mode with synchronous NORMAL a commit is in the log, but not yet on the disk for sure. What has left the
 * log for the database was synced by SQLite before and after.
 */
export function flushLog(session: Session): void {
  // Only the log: closing a second handle of the database file would drop SQLite's locks on it (POSIX locks belong
  // to the process). The folder, because the log may be new.
  syncPath(`${session.file.path}-wal`, 'r+');
  if (process.platform !== 'win32') syncPath(dirname(session.file.path), 'r');
}

function syncPath(path: string, flags: string): void {
  let handle: number;
  try {
    handle = openSync(path, flags);
  } catch (error) {
    // No log: all of it has been moved into the database, or another journal mode syncs each commit.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
    throw error;
  }
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
