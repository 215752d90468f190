/** Databases and pipelines of PostgreSQL that go with the test that made them. */
import { afterEach } from '@jest/globals';
import type { Pipeline } from '../../engine';
import { postgresAdapter } from '../../engine/adapters/postgres';
import type { ScratchDatabase } from '../../engine/contract';
import { engineOver, REF } from './pipelines';
import { postgresFixture } from './postgres-fixture';

export interface PostgresScratch {
  /** A database of its own, after these statements. */
  readonly scratch: (...statements: readonly string[]) => Promise<ScratchDatabase>;
  /** The pipeline from one database, of any kind, to the other. */
  readonly pipelineOf: (
    source: Pick<ScratchDatabase, 'url'>,
    target: Pick<ScratchDatabase, 'url'>,
  ) => Promise<Pipeline>;
  /** Runs after the test, the last one first. */
  readonly clearing: (step: () => Promise<unknown>) => void;
}

/** Call once at the top of a file. */
export function postgresPerTest(): PostgresScratch {
  const steps: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const step of steps.splice(0).reverse()) await step();
  });
  return {
    async scratch(...statements) {
      const database = await postgresFixture.createDatabase();
      steps.push(() => database.dispose());
      await database.execute(...statements);
      return database;
    },
    pipelineOf(source, target) {
      const engine = engineOver(source.url, target.url, { others: [postgresAdapter] });
      steps.push(() => engine.close());
      return engine.pipeline(REF);
    },
    clearing: (step) => void steps.push(step),
  };
}
