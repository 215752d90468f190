/**
 * MySQL 8.0 and later, MariaDB 10.6 and later, told apart by what each can, not by name.
 *
 * - `database/`: connections, error numbers as errors, quoting, our own objects' versions.
 * - `schema/`: what tables there are, their keys and types.
 * - `rows/`: fields as values, in the order of the key.
 * - `capture/`: change tables and triggers, who consumes them, positions with the ids that are missing, the fence that
 *   proves them dead, what may be purged.
 * - `source/`, `target/`: the two ports; the source's over one view that is opened after the fence, the target's over a
 *   session that merges what waits in memory.
 * - `diagnosis/`: what `cdc doctor` finds out.
 */
import type { Adapter } from '../../model';
import { identifyUrl, SCHEMES } from './database/url';
import { diagnose } from './diagnosis/diagnose';
import { FAMILY } from './family';
import { openSource } from './source/source';
import { openTarget } from './target/target';
import { types } from './types';

export const mysqlAdapter: Adapter = {
  name: 'mysql',
  schemes: SCHEMES,
  family: FAMILY,
  openSource,
  openTarget,
  diagnose,
  identify: identifyUrl,
  types,
};
