/**
 * SQLite as source and target.
 *
 * - `threads/`: each open database in a worker thread of its own. `connection.ts` is the main thread's end,
 *   `thread.ts` the other; `operations.ts` names what a thread can be asked to do.
 * - `database/`: the session inside the thread, files, result codes as errors, quoting, our own objects' versions.
 * - `rows/`: rows without loss, in the order of the key.
 * - `schema/`: what tables there are, and what a write to one can cause.
 * - `capture/`: change tables and triggers, who consumes them, positions, what may be purged.
 * - `source/`, `target/`: the two ports, each over its operations.
 * - `diagnosis/`: what `cdc doctor` finds out.
 * - `attached/`: chunks taken by the target straight out of the source's file.
 */
import type { Adapter } from '../../model';
import { identifyUrl } from './database/file';
import { openSource } from './source/source';
import { diagnose } from './diagnosis/diagnose';
import { FAMILY } from './database/family';
import { openEmptyTarget } from './target/empty-target';
import { openTarget } from './target/target';
import { types } from './types';

export const sqliteAdapter: Adapter = {
  name: 'sqlite',
  schemes: ['sqlite'],
  family: FAMILY,
  openSource,
  openTarget,
  openEmptyTarget,
  diagnose: (request) => Promise.resolve(diagnose(request)),
  identify: identifyUrl,
  types,
};
