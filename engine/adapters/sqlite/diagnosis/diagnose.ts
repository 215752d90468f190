/**
 * Looks at a database file before anything goes wrong: one check after the other, each with what would mend it. It asks
 * for nothing that takes long, and waits for no lock beyond a moment, so it needs no thread of its own.
 */
import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { fine, problem, warning, type Diagnosis, type DiagnoseRequest } from '../../../model';
import { toDatabaseError } from '../database/errors';
import { parseUrl, requireFile, type DatabaseFile } from '../database/file';

/** A writer that holds the lock for longer than this holds others up. */
const LOCK_WAIT_MS = 500;

/** Less than this is no room for change tables, a log and temporary files. */
const LEAST_FREE_BYTES = 256 * 1024 * 1024;

/** File systems over a network, by the number that the system gives them: NFS, SMB, CIFS, SMB2. */
const NETWORK_FILE_SYSTEMS: ReadonlySet<number> = new Set([0x6969, 0x517b, 0xff534d42, 0xfe534d42]);

/** Never throws: what can't be looked at is a finding. */
export function diagnose(request: DiagnoseRequest): readonly Diagnosis[] {
  let file: DatabaseFile;
  try {
    file = parseUrl(request.url);
    if (!existsSync(file.path) && request.asTarget && !request.asSource) return missingTarget(file);
    requireFile(file, false);
  } catch (error) {
    return [failure(error, 'the file')];
  }
  const found = [...openChecks(file, request), ...accessChecks(file)];
  return found.some(({ state }) => state === 'problem') ? found : [...found, ...placeChecks(file)];
}

function failure(error: unknown, name: string): Diagnosis {
  const { code, message, hint } = toDatabaseError(error, name);
  return problem('file', `${code}: ${message}`, hint);
}

/** A target is made by `cdc start`, its folder is not. */
function missingTarget(file: DatabaseFile): readonly Diagnosis[] {
  try {
    requireFile(file, true);
  } catch (error) {
    return [failure(error, file.name)];
  }
  if (!mayWrite(dirname(file.path))) return [folderProblem(file)];
  return [fine('file', `${file.name} does not exist yet: \`cdc start\` makes it.`), ...placeChecks(file)];
}

function mayWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function folderProblem({ name }: DatabaseFile): Diagnosis {
  return problem(
    'write permission',
    `This process may not write the folder of ${name}, where SQLite keeps its log beside the file.`,
    'Give the user of the worker the right to write that folder.',
  );
}

function accessChecks(file: DatabaseFile): readonly Diagnosis[] {
  const found: Diagnosis[] = [];
  if (!mayWrite(file.path)) {
    found.push(
      problem(
        'write permission',
        `This process may not write ${file.name}.`,
        'Give the user of the worker the right to write it; a source is written, too, since it holds the change tables.',
      ),
    );
  }
  if (!mayWrite(dirname(file.path))) found.push(folderProblem(file));
  return found.length > 0 ? found : [fine('write permission', `${file.name} and its folder can be written.`)];
}

function openChecks(file: DatabaseFile, { asSource, asTarget }: DiagnoseRequest): readonly Diagnosis[] {
  let db: Database.Database | null = null;
  try {
    db = new Database(file.path, { readonly: true, fileMustExist: true, timeout: LOCK_WAIT_MS });
    db.pragma('schema_version');
    const version = db.prepare('SELECT sqlite_version()').pluck().get();
    const found = [fine('file', `${file.name} is a database; SQLite ${String(version)} is supported.`)];
    const mode = String(db.pragma('journal_mode', { simple: true }));
    if (mode === 'wal') found.push(fine('journal mode', `${file.name} is in WAL mode.`));
    else if (asSource) {
      found.push(
        warning(
          'journal mode',
          `${file.name} is in rollback-journal mode (${mode}): its writers wait while changes are read, and fail if they have no busy timeout.`,
          'PRAGMA journal_mode = WAL;',
        ),
      );
    } else found.push(fine('journal mode', `${file.name} is put into WAL mode by the worker.`));
    if (asTarget) {
      found.push(fine('foreign keys', 'Foreign keys of the target rest while rows are written.'));
    }
    if (mayWrite(file.path) && mayWrite(dirname(file.path))) found.push(lockCheck(file));
    return found;
  } catch (error) {
    return [failure(error, file.name)];
  } finally {
    db?.close();
  }
}

/** Takes the write lock and lets go of it at once; writes nothing. */
function lockCheck(file: DatabaseFile): Diagnosis {
  const db = new Database(file.path, { fileMustExist: true, timeout: LOCK_WAIT_MS });
  try {
    db.exec('BEGIN IMMEDIATE; ROLLBACK');
    return fine('write lock', 'The write lock is free.');
  } catch (error) {
    const failed = toDatabaseError(error, file.name);
    if (failed.code !== 'DATABASE_LOCKED') throw error;
    return warning(
      'write lock',
      `Another process has held the write lock of ${file.name} for half a second.`,
      'End its transaction if it stays: nothing can be captured or written meanwhile. Applications should set a busy timeout.',
    );
  } finally {
    db.close();
  }
}

function placeChecks(file: DatabaseFile): readonly Diagnosis[] {
  const found: Diagnosis[] = [];
  const place = statfsSync(dirname(file.path));
  const free = place.bavail * place.bsize;
  const size = statSync(file.path, { throwIfNoEntry: false })?.size ?? 0;
  const megabytes = Math.floor(free / 1024 / 1024);
  found.push(
    free < Math.max(LEAST_FREE_BYTES, size / 10)
      ? warning(
          'disk',
          `Only ${megabytes} MB are free where ${file.name} is.`,
          'Free disk space: change tables, the log and staged chunks need room.',
        )
      : fine('disk', `${megabytes} MB are free.`),
  );
  if (NETWORK_FILE_SYSTEMS.has(place.type)) {
    found.push(
      warning(
        'place',
        `${file.name} is on a network file system, on which SQLite's locks can't be relied upon.`,
        'Run the worker on the machine that has the file on a disk of its own.',
      ),
    );
  }
  return found;
}
