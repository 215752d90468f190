/** A pipeline that is not there: whether the name is wrong, or it has not been started. */
import { CdcClientError } from '../..';
import { didYouMean } from '../../../worker/config';
import { wrongUse } from '../outcome';
import type { Session } from '../session';

/** Does the work; a NOT_FOUND of it is explained by the names that are known. */
export async function namingPipelines<T>(session: Session, name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CdcClientError) || error.code !== 'NOT_FOUND') throw error;
    const configured = [...(session.config?.pipelines.keys() ?? [])];
    if (configured.includes(name)) {
      const message = `Pipeline ${name} is not running`;
      throw new CdcClientError('NOT_FOUND', message, `Start it with \`cdc start ${name}\`.`);
    }
    const client = await session.client();
    const running = await client.list().catch(() => []);
    const names = new Set([...configured, ...running.map(({ pipeline }) => pipeline)]);
    // One that has ended is known by name: it can't be steered, but the name is right.
    if (names.has(name)) throw error;
    throw wrongUse(
      `No pipeline is called "${name}"${didYouMean(name, names)}`,
      names.size === 0 ? '`cdc list` shows all pipelines.' : `Known are: ${[...names].join(', ')}.`,
    );
  }
}
