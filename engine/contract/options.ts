/** What is tested, and what it can do. */
import type { Adapter } from '../model';
import type { Fixture } from './fixture';

/** What a database can do that others can't; cases that need it are left out where it is false. */
export interface Capabilities {
  /** Several transactions write at once, so that one can commit after another that began later. */
  readonly lateCommits: boolean;
  /** A TRUNCATE is captured. */
  readonly truncate: boolean;
  /** Ids of changes order them over all tables, not within one table only. */
  readonly globalOrder: boolean;
}

export type ContractPart = 'source' | 'target' | 'pair';

export interface ContractOptions {
  readonly adapter: Adapter;
  readonly fixture: Fixture;
  readonly capabilities: Capabilities;
  /** Which cases to make; all of them if absent. `pair` needs both sides. */
  readonly parts?: readonly ContractPart[];
}
