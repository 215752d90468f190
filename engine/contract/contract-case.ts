/** Cases: what a test runner registers, and how a body becomes one. */
import type { ContractOptions } from './options';
import { openScene } from './scene';
import type { Scene } from './scene';

/** One sentence about the behaviour of an adapter, and what finds out whether it holds. */
export interface ContractCase {
  readonly name: string;
  /** Rejects with an error of `node:assert/strict` where the adapter behaves otherwise. Leaves nothing behind. */
  readonly run: () => Promise<void>;
}

/** A case whose scene is cleared away after it, whether it holds or not. */
export function contractCase(
  options: ContractOptions,
  name: string,
  body: (scene: Scene) => Promise<void>,
): ContractCase {
  return {
    name,
    async run() {
      const scene = openScene(options);
      try {
        await body(scene);
      } finally {
        await scene.clear();
      }
    },
  };
}
