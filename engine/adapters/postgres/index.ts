/**
 * PostgreSQL, 13 and later.
 *
 * - `database/`: connections, SQLSTATEs as errors, quoting, our own objects' versions.
 * - `schema/`: what tables there are, their keys and types.
 * - `rows/`: values as the server writes them, in the order of the key.
 * - `capture/`: change tables and triggers, who consumes them, positions, what may be purged.
 * - `source/`, `target/`: the two ports; the source's over the window between two MVCC snapshots, the target's over lanes
 *   that stage and merge.
 * - `diagnosis/`: what `cdc doctor` finds out.
 * - `copy/`: chunks taken by the target straight out of a source, by COPY.
 */
import type { Adapter } from '../../model';
import { diagnose } from './diagnosis/diagnose';
import { identifyUrl, SCHEMES } from './database/url';
import { FAMILY } from './family';
import { openSource } from './source/source';
import { openTarget } from './target/target';
import { types } from './types';

export const postgresAdapter: Adapter = {
  name: 'postgres',
  schemes: SCHEMES,
  family: FAMILY,
  openSource,
  openTarget,
  diagnose,
  identify: identifyUrl,
  types,
};
