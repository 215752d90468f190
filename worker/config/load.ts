/** Loads `cdc.yaml`: all that is wrong with it in one error, each problem with its line, column and key. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { CdcError } from '../../engine/errors';
import type { CaptureStrategy, PipelineSpec } from '../../engine/model';
import type { ScheduleTiming } from '../../workflows/messages/schedules';
import type { Registry } from '../../engine/registry';
import { type ConfigDocument, type Path, type Problem, parseConfig } from './document';
import { describeIssue } from './messages';
import { referenceProblems } from './references';
import { type ConfigData, type PipelineData, configSchema } from './schema';
import { anchorUrl } from './urls';
import { type Environment, expandVariables, plainScalar } from './variables';

/** Where Temporal is; null: as the environment or the defaults say. */
export interface TemporalConfig {
  readonly address: string | null;
  readonly namespace: string | null;
  readonly taskQueue: string | null;
}

/** A loaded configuration. Holds URLs with their secrets: never print it, never send it anywhere. */
export interface Config {
  /** The file's path as it was asked for. */
  readonly file: string;
  /** Absolute path of the file's folder: relative paths in it start there. */
  readonly folder: string;
  readonly temporal: TemporalConfig;
  /** URL by connection name. Empty when they were not asked for. */
  readonly connections: ReadonlyMap<string, string>;
  readonly pipelines: ReadonlyMap<string, PipelineSpec>;
  /** When to run, by the name of a pipeline that says so. */
  readonly schedules: ReadonlyMap<string, ScheduleTiming>;
}

export interface LoadOptions {
  /** Path of the file. */
  readonly file: string;
  readonly environment: Environment;
  /**
   * The adapters that the URLs are for. Null for what steers through Temporal only: the URLs are then not resolved,
   * and a variable that only the worker has is no problem.
   */
  readonly registry: Registry | null;
}

function configError(file: string, problems: readonly Problem[]): CdcError {
  const sorted = [...problems].sort((a, b) => a.line - b.line || a.column - b.column);
  // A place has one problem: the first that was found, for the others follow from it.
  const lines = new Map<string, string>();
  for (const { line, column, key, message } of sorted) {
    const place = `${file}:${line}:${column} ${key === '' ? '' : `${key}: `}`;
    if (!lines.has(place)) lines.set(place, place + message);
  }
  const hint = `Correct ${lines.size === 1 ? 'this place' : 'these places'} and try again.`;
  return new CdcError('CONFIG_INVALID', [...lines.values()].join('\n'), { hint });
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : '';
    if (code === 'ENOENT') {
      throw new CdcError('CONFIG_INVALID', `There is no file ${file}`, {
        hint: 'Write one (the README shows how), or name it with --config.',
      });
    }
    const reason = code === 'EISDIR' ? 'it is a folder' : 'check its permissions';
    throw new CdcError('CONFIG_INVALID', `${file} cannot be read: ${reason}`, {
      hint: 'Name another file with --config.',
    });
  }
}

function replaceVariables(document: ConfigDocument, options: LoadOptions): readonly Problem[] {
  const problems: Problem[] = [];
  document.replaceTexts((text, path, plain) => {
    if (options.registry === null && path[0] === 'connections') return text;
    const expansion = expandVariables(text, options.environment);
    problems.push(...expansion.problems.map((message) => document.atValue(path, message)));
    return plain && expansion.replaced ? plainScalar(expansion.text) : expansion.text;
  });
  return problems;
}

function readUrlFile(folder: string, file: string, path: Path, document: ConfigDocument): string | Problem {
  try {
    const url = readFileSync(resolve(folder, file), 'utf8').trim();
    return url === '' ? document.atValue(path, 'this file is empty') : url;
  } catch {
    return document.atValue(path, 'this file cannot be read');
  }
}

function resolveUrls(
  document: ConfigDocument,
  connections: ConfigData['connections'],
  folder: string,
  registry: Registry,
): { readonly urls: ReadonlyMap<string, string>; readonly problems: readonly Problem[] } {
  const urls = new Map<string, string>();
  const problems: Problem[] = [];
  for (const [name, { url, url_file: file }] of Object.entries(connections)) {
    const whole = ['connections', name];
    const short = document.written(whole) !== null;
    const path = short ? whole : [...whole, file === undefined ? 'url' : 'url_file'];
    const found = file === undefined ? (url ?? '') : readUrlFile(folder, file, path, document);
    if (typeof found !== 'string') {
      problems.push(found);
      continue;
    }
    const anchored = anchorUrl(found, folder, registry);
    if ('problem' in anchored) problems.push(document.atValue(path, anchored.problem));
    else urls.set(name, anchored.url);
  }
  return { urls, problems };
}

/** Where deleted rows are kept on the target, one that is marked as deleted is an updated row there. */
function captureOf({ capture, onDelete }: PipelineData): CaptureStrategy {
  return capture === 'trigger' || onDelete === 'delete' ? capture : { ...capture, deleted: null };
}

function toSpec(name: string, data: PipelineData): PipelineSpec {
  return {
    name,
    source: data.source,
    target: data.target,
    capture: captureOf(data),
    mode: data.mode,
    tables: data.tables.map(({ from, to, columns, where, rename, types }) => ({
      from,
      to: to ?? null,
      columns: columns ?? null,
      ...(where === undefined ? {} : { where }),
      ...(rename === undefined ? {} : { rename }),
      ...(types === undefined ? {} : { types }),
    })),
    settings: {
      existing: data.existing,
      snapshot: data.snapshot,
      sequences: data.sequences,
      atomic: data.atomic.on,
      atomicRows: data.atomic.maxRows,
      batchRows: data.batch,
      snapshotRows: data.snapshotBatch,
      snapshotTables: data.snapshotTables,
      roundMs: data.round,
      retainMs: data.retain,
      maxBacklog: data.maxBacklog ?? null,
      onError: data.onError,
      onDelete: data.onDelete,
      createTables: data.createTables,
    },
  };
}

/** Reads and checks the file. Throws CONFIG_INVALID with one line per problem. */
export function loadConfig(options: LoadOptions): Config {
  const { file } = options;
  const folder = dirname(resolve(file));
  const document = parseConfig(readText(file));
  if (document.syntax.length > 0) throw configError(file, document.syntax);
  if (document.empty) {
    throw new CdcError('CONFIG_INVALID', `${file} is empty`, {
      hint: 'It needs connections and pipelines; the README shows how they look.',
    });
  }
  const variables = replaceVariables(document, options);
  const data = document.value();
  const shape = configSchema.safeParse(data, { reportInput: true });
  const problems = [
    ...variables,
    ...(shape.success ? [] : shape.error.issues.flatMap((issue) => describeIssue(issue, document))),
    ...referenceProblems(document, data),
  ];
  if (!shape.success || problems.length > 0) throw configError(file, problems);
  const { connections, pipelines, temporal } = shape.data;
  const resolved =
    options.registry === null
      ? { urls: new Map<string, string>(), problems: [] }
      : resolveUrls(document, connections, folder, options.registry);
  if (resolved.problems.length > 0) throw configError(file, resolved.problems);
  return {
    file,
    folder,
    temporal: {
      address: temporal.address ?? null,
      namespace: temporal.namespace ?? null,
      taskQueue: temporal.taskQueue ?? null,
    },
    connections: resolved.urls,
    pipelines: new Map(Object.entries(pipelines).map(([name, value]) => [name, toSpec(name, value)])),
    schedules: new Map(
      Object.entries(pipelines).flatMap(([name, { schedule }]) =>
        schedule === undefined ? [] : [[name, schedule]],
      ),
    ),
  };
}
