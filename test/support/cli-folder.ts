/** The command line in a folder of its own: SQLite files, a configuration, a worker as a process of its own. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { type CliResult, type RunningCli, runCdc, startCdc } from './cli';
import { testTemporalAddress } from './temporal';

export interface CliFolder {
  readonly path: string;
  /** Of this run alone, for names of pipelines: the Temporal server is shared with other test files. */
  readonly mark: string;
  /** Writes `cdc.yaml`; `databases`: names of SQLite files in the folder, which are connections, too. */
  readonly configure: (databases: readonly string[], pipelines: readonly string[]) => void;
  /** Runs statements on a database with a connection of their own. */
  readonly write: (database: string, sql: string) => void;
  /** Rows of a query, as lists of values. */
  readonly rows: (database: string, sql: string) => readonly unknown[];
  readonly startWorker: () => Promise<void>;
  /** Ends the worker, in order; answers what it has said. */
  readonly stopWorker: () => Promise<string>;
  readonly cdc: (...args: readonly string[]) => Promise<CliResult>;
  /** With `--json`; throws what it said where it printed none. */
  readonly json: (...args: readonly string[]) => Promise<unknown>;
  /** Ends the worker and removes the folder. */
  readonly close: () => Promise<void>;
}

export function cliFolder(name: string): CliFolder {
  const path = mkdtempSync(join(tmpdir(), `cdc-${name}-`));
  const mark = `${process.pid}-${Date.now().toString(36)}`;
  let worker: RunningCli | null = null;
  const opened = <T>(database: string, work: (db: Database.Database) => T): T => {
    const db = new Database(join(path, `${database}.db`));
    try {
      return work(db);
    } finally {
      db.close();
    }
  };
  const stopWorker = async (): Promise<string> => {
    worker?.signal('SIGTERM');
    const said = await worker?.result;
    return `${said?.stdout ?? ''}${said?.stderr ?? ''}`;
  };
  const cdc = (...args: readonly string[]): Promise<CliResult> => runCdc(args, { cwd: path });
  return {
    path,
    mark,
    configure(databases, pipelines) {
      writeFileSync(
        join(path, 'cdc.yaml'),
        `connections:
${databases.map((each) => `  ${each}: { url: "sqlite:./${each}.db" }`).join('\n')}
temporal: { address: "${testTemporalAddress()}", taskQueue: "${name}-${mark}" }
pipelines:
${pipelines.map((each) => `  ${each}`).join('\n')}
`,
      );
    },
    write: (database, sql) => opened(database, (db) => void db.exec(sql)),
    rows: (database, sql) => opened(database, (db) => db.prepare(sql).raw().all()),
    async startWorker() {
      worker = startCdc(['worker'], { cwd: path });
      await worker.said('is running');
    },
    cdc,
    async json(...args) {
      const { stdout, stderr } = await cdc(...args, '--json');
      if (stdout === '') throw new Error(stderr);
      const printed: unknown = JSON.parse(stdout);
      return printed;
    },
    stopWorker,
    async close() {
      await stopWorker();
      rmSync(path, { recursive: true, force: true });
    },
  };
}
