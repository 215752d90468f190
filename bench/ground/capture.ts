/** Capture on a source without a pipeline around it: the very triggers that setup installs. */
import { sqliteAdapter } from '../../engine/adapters/sqlite';
import { ITEMS } from './items';

/** Installs capture for the table of the benchmarks. */
export async function installCapture(file: string): Promise<void> {
  const source = await sqliteAdapter.openSource({ url: `sqlite:${file}`, readOnly: false });
  try {
    const tables = (await source.tables()).filter((table) => table.name.name === ITEMS);
    await source.install(tables, { uuid: 'benchmark', name: 'benchmark', now: Date.now(), reset: false });
  } finally {
    await source.close();
  }
}
