/**
 * SQLite as source and target.
 *
 * Main thread: `source.ts` and `target.ts` are the ports, over `connection.ts`, which keeps each open database in a
 * worker thread. In the thread (`thread.ts`): `operations.ts` names what it can do, as plain synchronous functions
 * over a `session.ts`; the source's are in `source-operations.ts`, the target's in `target-operations.ts`.
 *
 * Source: `schema.ts` (tables; with `columns.ts`, `indexes.ts`, `effects.ts`), `capture.ts` and `guards.ts` (change
 * tables and triggers as SQL), `capture-plan.ts`, `install.ts` and `uninstall.ts` (putting them there),
 * `capture-registry.ts` (what is there), `check.ts` (whether reading may go on), `window.ts` (chunks by rows),
 * `pending.ts`, `wait.ts`, `changes.ts`, `purge.ts`, `position.ts`.
 * Target: `staging.ts` (TEMP tables), `transfer.ts` (chunks out of an attached source), `stage-rows.ts` (chunks that
 * came by rows), `merge.ts`, `write-transaction.ts`, `checkpoint-rows.ts`, `tables.ts` (CREATE TABLE), `lanes.ts`.
 * Both: `file.ts` (URLs), `objects.ts` (our tables and their versions), `captured.ts`, `scan.ts`, `errors.ts`
 * (result codes), `identifiers.ts` (quoting), `cursor.ts`, `values.ts`.
 */
import type { Adapter } from '../../model';
import { identifyUrl } from './file';
import { openSource } from './source';
import { FAMILY } from './tables';
import { openTarget } from './target';

export const sqliteAdapter: Adapter = {
  name: 'sqlite',
  schemes: ['sqlite'],
  family: FAMILY,
  openSource,
  openTarget,
  identify: identifyUrl,
};
