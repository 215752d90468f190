/** Database files: from URL to path, and what tells one file from another. */
import { realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { CdcError } from '../../../errors';

export interface DatabaseFile {
  /** Absolute. */
  readonly path: string;
  /** What messages call it: the file's name without its folder. */
  readonly name: string;
}

/** A file on disk, whatever it is called. */
export interface FileIdentity {
  readonly device: bigint;
  readonly inode: bigint;
}

/**
 * The file that a URL means: `sqlite:path` and `sqlite:./path` are relative to the working directory,
 * `sqlite:/path` and `sqlite:///path` are absolute; `%20` and the like are decoded. Throws CONFIG_INVALID.
 */
export function parseUrl(url: string): DatabaseFile {
  const rest = /^sqlite:(.*)$/is.exec(url)?.[1];
  if (rest === undefined) throw invalidUrl('A database file is named by sqlite:path');
  if (/^\/\/[^/]/.test(rest)) {
    throw invalidUrl('An SQLite database has no host: write sqlite:path or sqlite:///absolute/path');
  }
  if (rest.includes('?')) {
    throw invalidUrl('An sqlite: URL takes no options; write a question mark in a file name as %3F');
  }
  const path = decode(rest.replace(/^\/\/(?=\/)/, ''));
  if (path === '' || path === ':memory:')
    throw invalidUrl('A database in memory cannot be replicated: name a file');
  if (path.includes('\0')) throw invalidUrl('A file name cannot hold NUL');
  return databaseFile(path);
}

/** A file by its path. */
export function databaseFile(path: string): DatabaseFile {
  const absolute = resolve(path);
  return { path: absolute, name: basename(absolute) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalidUrl('A percent sign that starts no valid escape must be written as %25');
  }
}

function invalidUrl(hint: string): CdcError {
  return new CdcError('CONFIG_INVALID', 'Invalid sqlite: URL', { hint });
}

/** Device and inode of what stands at a path now, or null. */
export function identityOf(path: string): FileIdentity | null {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? null : { device: stat.dev, inode: stat.ino };
}

export function sameFile(one: FileIdentity | null, other: FileIdentity | null): boolean {
  return one !== null && other !== null && one.device === other.device && one.inode === other.inode;
}

/** Equal for two URLs of one file: links are followed, and a file with several names is named by its inode. */
export function identifyUrl(url: string): string {
  const { path, name } = parseUrl(url);
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (stat !== undefined && stat.nlink > 1n) return `sqlite:inode:${String(stat.dev)}:${String(stat.ino)}`;
  try {
    return `sqlite:${stat === undefined ? join(realpathSync(dirname(path)), name) : realpathSync(path)}`;
  } catch {
    return `sqlite:${path}`;
  }
}

/** Throws DATABASE_MISSING or DATABASE_UNREADABLE unless a file is there, or may be made in an existing folder. */
export function requireFile(file: DatabaseFile, mayCreate: boolean): void {
  const stat = statOf(file);
  if (stat?.isFile() === true) return;
  if (stat !== null) {
    throw new CdcError('DATABASE_UNREADABLE', `${file.name} is no file`);
  }
  if (!mayCreate) throw new CdcError('DATABASE_MISSING', `There is no database file ${file.name}`);
  if (!isFolder(dirname(file.path))) {
    throw new CdcError('DATABASE_MISSING', `The folder of ${file.name} does not exist`, {
      hint: 'Make the folder, or correct the path: only the file itself is created.',
    });
  }
}

function statOf(file: DatabaseFile): ReturnType<typeof statSync> | null {
  try {
    return statSync(file.path, { throwIfNoEntry: false }) ?? null;
  } catch (error) {
    throw new CdcError('DATABASE_UNREADABLE', `${file.name} cannot be reached`, { cause: error });
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** What a target needs to attach a source: the file, and that it is the one the source has open. */
export interface AttachLocator extends DatabaseFile, FileIdentity {}

export function encodeLocator({ path, name, device, inode }: AttachLocator): string {
  return JSON.stringify({ path, name, device: String(device), inode: String(inode) });
}

/** Throws INTERNAL for what `encodeLocator` did not make: a locator never leaves the process. */
export function decodeLocator(text: string): AttachLocator {
  const fields: unknown = JSON.parse(text);
  const field = (key: string): string => {
    const value: unknown =
      typeof fields === 'object' && fields !== null ? Reflect.get(fields, key) : undefined;
    if (typeof value !== 'string') throw new CdcError('INTERNAL', 'A source offered a locator that is none');
    return value;
  };
  return {
    path: field('path'),
    name: field('name'),
    device: BigInt(field('device')),
    inode: BigInt(field('inode')),
  };
}
