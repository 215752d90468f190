/**
 * A target that does not exist yet, for looking only: planning must not make the file that setup would make, so it
 * looks at an empty database that stands elsewhere and goes away again.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Adapter, OpenTargetOptions, Target } from '../engine';
import { parseUrl } from '../engine/adapters/sqlite/database/file';

async function openEmpty(adapter: Adapter): Promise<Target> {
  const folder = mkdtempSync(join(tmpdir(), 'cdc-plan-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const target = await adapter.openTarget({
      url: `sqlite:${join(folder, 'empty.db')}`,
      readOnly: false,
      create: true,
    });
    return { ...target, close: () => target.close().finally(remove) };
  } catch (error) {
    remove();
    throw error;
  }
}

/** The SQLite adapter, except that a target whose file is missing counts as empty. Its folder must be there. */
export function withEmptyTargets(adapter: Adapter): Adapter {
  return {
    ...adapter,
    openTarget(options: OpenTargetOptions) {
      const { path } = parseUrl(options.url);
      const wouldBeMade = !existsSync(path) && existsSync(dirname(path));
      return wouldBeMade ? openEmpty(adapter) : adapter.openTarget(options);
    },
  };
}
