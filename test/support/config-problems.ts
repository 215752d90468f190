/** What is wrong with a configuration, for tests of its messages. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from '@jest/globals';
import { type CdcError, isCdcError } from '../../engine/errors';
import { registry } from '../../worker/composition';
import { type Environment, loadConfig } from '../../worker/config';

export interface ConfigProblems {
  readonly folder: () => string;
  /** The error that a file is refused with. */
  readonly failure: (file: string, environment?: Environment) => CdcError;
  /** The messages about a text, without the file's name. */
  readonly problems: (text: string, environment?: Environment) => readonly string[];
}

/** Call once at the top of a file. */
export function configPerFile(): ConfigProblems {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'cdc-config-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const failure = (file: string, environment: Environment = {}): CdcError => {
    try {
      loadConfig({ file, environment, registry });
    } catch (error) {
      if (isCdcError(error, 'CONFIG_INVALID')) return error;
      throw error;
    }
    throw new Error('this configuration was accepted');
  };
  return {
    folder: () => folder,
    failure,
    problems(text, environment = {}) {
      const file = join(folder, 'cdc.yaml');
      writeFileSync(file, text);
      return failure(file, environment)
        .message.split('\n')
        .map((line) => line.replace(`${file}:`, ''));
    },
  };
}

/** Two of them; the pipelines follow. */
export const CONNECTIONS = `connections:
  shop: { url: "sqlite:shop.db" }
  warehouse: { url: "sqlite:warehouse.db" }
`;

/** A whole file with these lines in its pipeline; they start at line 8. */
export function pipelineLines(lines: string, tables = 'tables: [orders]'): string {
  return `${CONNECTIONS}pipelines:
  orders:
    source: shop
    target: warehouse
${`${lines}\n${tables}`.replace(/^/gm, '    ')}
`;
}
