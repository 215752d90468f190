/** The pipeline from `shop.db` to `warehouse.db` in a test's folder. */
import type { Pipeline } from '../../engine';
import { engineOver, REF, type EngineChange } from './pipelines';
import { expectSameTables } from './same-files';
import { SHOP_TABLES } from './shop';
import type { TemporaryFolder } from './sqlite';

export interface FilePipelines {
  /** Over an engine of its own, which is closed after the test. */
  readonly open: (change?: EngineChange) => Promise<Pipeline>;
  /** Both files hold the same rows in these tables; the shop's if none are named. */
  readonly expectEqual: (tables?: Parameters<typeof expectSameTables>[2]) => void;
}

export function pipelinesIn(folder: TemporaryFolder): FilePipelines {
  return {
    open: (change) =>
      folder.closing(engineOver(folder.url('shop.db'), folder.url('warehouse.db'), change)).pipeline(REF),
    expectEqual: (tables = SHOP_TABLES) =>
      expectSameTables(folder.file('shop.db'), folder.file('warehouse.db'), tables),
  };
}
