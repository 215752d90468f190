/**
 * A database inside its thread: the connection, its prepared statements, and what operations keep between calls.
 * Everything here is synchronous and runs in a worker thread only.
 */
import Database from 'better-sqlite3';
import { CdcError } from '../../../errors';
import type { Tuple, Value } from '../../../model';
import { identityOf, requireFile, type DatabaseFile, type FileIdentity } from './file';

export interface SessionOptions {
  readonly file: DatabaseFile;
  readonly role: 'source' | 'target';
  readonly readOnly: boolean;
  /** Make a file that is missing; never its folder. */
  readonly create: boolean;
  /** Longest wait for another connection's lock, milliseconds. */
  readonly busyTimeoutMs: number;
}

/** A bound value, or values by name for `@name` parameters. */
export type Parameter = Value | Readonly<Record<string, Value>>;

export interface Session {
  readonly db: Database.Database;
  readonly file: DatabaseFile;
  readonly readOnly: boolean;
  /** The file that was opened, to notice another one under the same name. */
  readonly identity: FileIdentity;
  /** Rows as values in the order of the SELECT. Statements are prepared once per connection. */
  all(sql: string, ...parameters: readonly Parameter[]): Tuple[];
  get(sql: string, ...parameters: readonly Parameter[]): Tuple | undefined;
  /** Runs a statement without rows and returns how many rows it changed. */
  run(sql: string, ...parameters: readonly Parameter[]): number;
  /** One row at a time; the connection can do nothing else until the iteration is over. */
  iterate(sql: string, ...parameters: readonly Parameter[]): Iterable<Tuple>;
  /** Forgets prepared statements, e.g. before a database is detached. */
  forgetStatements(): void;
  close(): void;
}

/** Prepared statements kept per connection; beyond it the oldest are prepared again when needed. */
const MOST_STATEMENTS = 2_000;

/** Throws the database codes, DATABASE_MISSING among them unless the file may be made. */
export function openSession(options: SessionOptions): Session {
  const { file, readOnly, create } = options;
  requireFile(file, create);
  const db = new Database(file.path, {
    readonly: readOnly,
    fileMustExist: !create,
    timeout: options.busyTimeoutMs,
  });
  try {
    db.defaultSafeIntegers(true);
    configure(db, options);
    const identity = identityOf(file.path);
    if (identity === null) throw new CdcError('DATABASE_MISSING', `There is no database file ${file.name}`);
    return createSession(db, options, identity);
  } catch (error) {
    db.close();
    throw error;
  }
}

function configure(db: Database.Database, { role, readOnly }: SessionOptions): void {
  // The first read: opening alone does not look into the file.
  db.pragma('schema_version');
  // The replicated rows are consistent as the source had them; a CASCADE or a delete trigger of REPLACE here would
  // change rows that no change speaks of.
  db.pragma('foreign_keys = OFF');
  db.pragma('recursive_triggers = OFF');
  // Staged chunks may be larger than memory should be.
  db.pragma('temp_store = FILE');
  if (role === 'target' && !readOnly) {
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = NORMAL');
    // Pages: 16 MB of log at the usual page size. A large chunk would otherwise move its pages out of the log at
    // each commit, which takes as long as merging it.
    db.pragma('wal_autocheckpoint = 4000');
  }
}

function createSession(db: Database.Database, options: SessionOptions, identity: FileIdentity): Session {
  const readers = new StatementCache<Database.Statement<unknown[], Tuple>>((sql) =>
    db.prepare<unknown[], Tuple>(sql).raw(true),
  );
  const writers = new StatementCache<Database.Statement>((sql) => db.prepare(sql));
  return {
    db,
    file: options.file,
    readOnly: options.readOnly,
    identity,
    all: (sql, ...parameters) => readers.get(sql).all(...parameters.map(bindable)),
    get: (sql, ...parameters) => readers.get(sql).get(...parameters.map(bindable)),
    run: (sql, ...parameters) => writers.get(sql).run(...parameters.map(bindable)).changes,
    iterate: (sql, ...parameters) => readers.get(sql).iterate(...parameters.map(bindable)),
    forgetStatements() {
      readers.clear();
      writers.clear();
    },
    close: () => void db.close(),
  };
}

/** The driver binds no booleans; SQLite has none, nor integers of more than 64 bits: as text they keep their digits. */
function bindable(parameter: Parameter): unknown {
  if (typeof parameter === 'bigint' && BigInt.asIntN(64, parameter) !== parameter) return String(parameter);
  return typeof parameter === 'boolean' ? BigInt(parameter) : parameter;
}

class StatementCache<S> {
  private readonly statements = new Map<string, S>();

  constructor(private readonly prepare: (sql: string) => S) {}

  get(sql: string): S {
    const known = this.statements.get(sql);
    if (known !== undefined) return known;
    if (this.statements.size >= MOST_STATEMENTS) {
      const oldest = this.statements.keys().next();
      if (oldest.done !== true) this.statements.delete(oldest.value);
    }
    const made = this.prepare(sql);
    this.statements.set(sql, made);
    return made;
  }

  clear(): void {
    this.statements.clear();
  }
}

/** State that a group of operations keeps per session, made at first use. */
export function sessionState<T>(make: (session: Session) => T): (session: Session) => T {
  const states = new WeakMap<Session, { readonly state: T }>();
  return (session) => {
    let kept = states.get(session);
    if (kept === undefined) {
      kept = { state: make(session) };
      states.set(session, kept);
    }
    return kept.state;
  };
}
