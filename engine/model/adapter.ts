/**
 * The contract that every adapter fulfils, ours or a stranger's; `temporal-cdc/contract` is its test suite.
 *
 * An adapter offers primitives; the protocol (claims, epochs, handshake, windows in the right order, purge floor)
 * stands in the engine and is the same for all. A primitive that fails throws a CdcError with one of the codes of
 * its documentation; anything else is a bug of the adapter.
 */
import type { DiagnoseRequest, Diagnosis } from './diagnosis';
import type { Source } from './source';
import type { Target } from './target';
import type { TypeTable } from './types';

/** A kind of database: named by the URL schemes that it serves. Register it with `createRegistry`. */
export interface Adapter {
  /** Lower-case name, e.g. `sqlite`. */
  readonly name: string;
  /** URL schemes without the colon, e.g. `['sqlite']`. */
  readonly schemes: readonly string[];
  /** Databases of one family keep schema names, declared types and collations between each other. */
  readonly family: string;
  /** Throws DATABASE_MISSING and the other database codes. Never creates a source. */
  openSource(options: OpenOptions): Promise<Source>;
  /** Throws DATABASE_MISSING and the other database codes. Makes a database only if asked to; never its folder. */
  openTarget(options: OpenTargetOptions): Promise<Target>;
  /**
   * An empty target in the place of the missing one that `openTarget` would make of this URL: planning looks at it, so
   * that nothing is left of a pipeline that is refused. Closing it leaves nothing behind. Absent where `openTarget` makes
   * no database. Throws what stands in the way of making it, as far as that can be told.
   */
  openEmptyTarget?(options: OpenOptions): Promise<Target>;
  /**
   * Looks for what stands in the way of replication, or will: reachability, rights, settings, room. Opens what it needs
   * by itself, for reading only, and leaves nothing behind. Answers at least one entry, whatever is wrong; never throws.
   * `cdc doctor` has nothing to say of a database whose adapter lacks it but whether it can be opened.
   */
  diagnose?(request: DiagnoseRequest): Promise<readonly Diagnosis[]>;
  /** A text that tells two URLs of the same database to be the same, without secrets. */
  identify(url: string): string;
  /** What it says of its types: the page about types is made of it. */
  readonly types?: TypeTable;
}

export interface OpenOptions {
  /** With its secrets: never shown, never stored. */
  readonly url: string;
  /** True where nothing will be written: the adapter then needs no right to write. */
  readonly readOnly: boolean;
}

export interface OpenTargetOptions extends OpenOptions {
  /**
   * Make a database that is missing, where its kind has files. Only setup asks for it: an empty one made in the place
   * of one that was lost would hide the loss. Never together with `readOnly`.
   */
  readonly create: boolean;
}
