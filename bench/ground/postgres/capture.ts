/** Capture on a source without a pipeline around it: the very objects that setup installs. */
import { postgresAdapter } from '../../../engine/adapters/postgres';

/** Installs capture for tables of the schema public, all by default. */
export async function capturePostgresTables(
  url: string,
  only: readonly string[] | null = null,
): Promise<void> {
  const source = await postgresAdapter.openSource({ url, readOnly: false });
  try {
    const tables = (await source.tables()).filter(
      ({ name }) => name.schema === 'public' && (only === null || only.includes(name.name)),
    );
    await source.install(tables, { uuid: 'benchmark', name: 'benchmark', now: Date.now(), reset: false });
  } finally {
    await source.close();
  }
}
