/** An empty database in the place of one that setup would make: it stands elsewhere, and goes when it is closed. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OpenOptions, Target } from '../../../model';
import { parseUrl, requireFile } from '../database/file';
import { openTarget } from './target';

/** Throws CONFIG_INVALID, and DATABASE_MISSING where the file could not be made, since its folder is missing. */
export async function openEmptyTarget({ url }: Pick<OpenOptions, 'url'>): Promise<Target> {
  requireFile(parseUrl(url), true);
  const folder = mkdtempSync(join(tmpdir(), 'cdc-plan-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const empty = `sqlite:${encodeURIComponent(join(folder, 'empty.db'))}`;
    const target = await openTarget({ url: empty, readOnly: false, create: true });
    return { ...target, close: () => target.close().finally(remove) };
  } catch (error) {
    remove();
    throw error;
  }
}
