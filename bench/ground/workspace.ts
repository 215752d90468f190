/** A temporary folder and everything that must end with it, whatever way the run ends. */
import { mkdtempSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Workspace {
  /** A new folder of its own below the temporary one. */
  folder(name: string): string;
  /** Runs before the folder is removed; the last one first. */
  onClose(end: () => Promise<void> | void): void;
  close(): Promise<void>;
}

export function createWorkspace(): Workspace {
  const root = mkdtempSync(join(tmpdir(), 'temporal-cdc-bench-'));
  let endings: (() => Promise<void> | void)[] = [];
  let folders = 0;
  return {
    folder(name) {
      const path = join(root, `${++folders}-${name}`);
      mkdirSync(path);
      return path;
    },
    onClose: (end) => void endings.push(end),
    async close() {
      const all = endings.reverse();
      endings = [];
      try {
        for (const end of all) await end();
      } finally {
        rmSync(root, { recursive: true, force: true });
      }
    },
  };
}
