/** What is found about a database before anything goes wrong, and what would mend it. */
import type { TableName } from './schema';

/** `problem`: replication will not work, or not safely. `warning`: it works, at a price that the message names. */
export type DiagnosisState = 'ok' | 'warning' | 'problem';

export interface Diagnosis {
  /** What was looked at: short, lower case, the same for every database where it means the same. */
  readonly check: string;
  readonly state: DiagnosisState;
  /** Of names and codes only: no value of a row, no URL, no secret. */
  readonly message: string;
  /** What a person can do, as a statement or command where there is one; null where nothing needs to be done. */
  readonly remedy: string | null;
}

export interface DiagnoseRequest {
  /** With its secrets: never shown. */
  readonly url: string;
  /** For what pipelines use the database, at least one of the two. */
  readonly asSource: boolean;
  readonly asTarget: boolean;
  /** Tables that are captured or shall be, as far as they could be found out. */
  readonly sourceTables: readonly TableName[];
  /** Tables that are written or shall be made, with their schemas where the database has any. */
  readonly targetTables: readonly TableName[];
  /** Milliseconds since 1970, as this process has it. */
  readonly now: () => number;
}

/** What was found about one connection of the configuration. */
export interface ConnectionDiagnosis {
  readonly name: string;
  /** Of the adapter; null where no adapter serves its URL. */
  readonly adapter: string | null;
  readonly asSource: boolean;
  readonly asTarget: boolean;
  readonly checks: readonly Diagnosis[];
}

export interface PipelineDiagnosis {
  readonly name: string;
  readonly checks: readonly Diagnosis[];
}

export interface DiagnosisReport {
  readonly connections: readonly ConnectionDiagnosis[];
  readonly pipelines: readonly PipelineDiagnosis[];
}

export function fine(check: string, message: string): Diagnosis {
  return { check, state: 'ok', message, remedy: null };
}

export function warning(check: string, message: string, remedy: string): Diagnosis {
  return { check, state: 'warning', message, remedy };
}

export function problem(check: string, message: string, remedy: string): Diagnosis {
  return { check, state: 'problem', message, remedy };
}
