/**
 * Checks over several places of `cdc.yaml`: that names lead somewhere and that settings fit together. They look at
 * the raw data, so that these problems are told together with those of the shape.
 */
import { z } from 'zod';
import { refusedByColumn } from '../../engine/model';
import type { ConfigDocument, Path, Problem } from './document';
import { didYouMean } from './near-misses';

const group = z.record(z.string(), z.unknown()).catch({});
const list = z.array(z.unknown()).catch([]);
const maybeText = z.string().optional().catch(undefined);

function connectionProblems(
  document: ConfigDocument,
  connections: Record<string, unknown>,
): readonly Problem[] {
  const problems: Problem[] = [];
  for (const [name, value] of Object.entries(connections)) {
    const path = ['connections', name];
    const keys = typeof value === 'string' ? ['url'] : Object.keys(group.parse(value));
    const [url, file] = [keys.includes('url'), keys.includes('url_file')];
    if (url && file)
      problems.push(document.atKey([...path, 'url_file'], 'give either url or url_file, not both'));
    if (!url && !file && (typeof value === 'object' || value === undefined)) {
      problems.push(document.atKey(path, 'needs a url (or url_file)'));
    }
  }
  return problems;
}

function endProblem(
  document: ConfigDocument,
  path: Path,
  name: string | undefined,
  connections: readonly string[],
): Problem | null {
  if (name === undefined || connections.includes(name)) return null;
  const written = document.written(path) ?? '';
  const known = connections.length === 0 ? '' : `; known are ${connections.join(', ')}`;
  return document.atValue(
    path,
    `no connection is called "${written}"${didYouMean(name, connections) || known}`,
  );
}

/** Two columns of one name are one: some databases don't look at case. */
function renameProblems(
  document: ConfigDocument,
  path: Path,
  rename: Record<string, unknown>,
): readonly Problem[] {
  const taken = new Map<string, string>();
  return Object.entries(rename).flatMap(([column, name]): readonly Problem[] => {
    if (typeof name !== 'string') return [];
    const other = taken.get(name.toLowerCase());
    taken.set(name.toLowerCase(), column);
    if (other === undefined) return [];
    return [document.atValue([...path, column], `this name is given to ${other}, too`)];
  });
}

function tableProblems(document: ConfigDocument, path: Path, tables: readonly unknown[]): readonly Problem[] {
  const problems: Problem[] = [];
  const seen = new Set<string>();
  for (const [index, value] of tables.entries()) {
    const mapping = group.parse(value);
    const from = typeof value === 'string' ? value : maybeText.parse(mapping['from']);
    const at = [...path, index];
    if (from === undefined) continue;
    if (seen.has(from)) problems.push(document.atValue(at, 'this table is listed twice'));
    seen.add(from);
    for (const key of ['to', 'columns', 'where', 'rename', 'types']) {
      if (from.includes('*') && mapping[key] !== undefined) {
        problems.push(document.atKey([...at, key], 'is for one table; "from" is a pattern for many'));
      }
    }
    problems.push(...renameProblems(document, [...at, 'rename'], group.parse(mapping['rename'])));
    const columns = list.parse(mapping['columns']);
    for (const [place, column] of columns.entries()) {
      if (typeof column === 'string' && columns.indexOf(column) < place) {
        problems.push(document.atValue([...at, 'columns', place], 'this column is listed twice'));
      }
    }
  }
  return problems;
}

/** What counts on change tables where there are none. */
function captureProblems(
  document: ConfigDocument,
  path: Path,
  pipeline: Record<string, unknown>,
): readonly Problem[] {
  const { timestamp, version, deletes } = group.parse(pipeline['capture']);
  if (timestamp === undefined && version === undefined) return [];
  const isAsked = (key: string): boolean => pipeline[key] !== undefined && pipeline[key] !== false;
  const refused = refusedByColumn({
    compares: deletes !== undefined || group.parse(version)['per'] === 'row',
    atomic: isAsked('atomic'),
    limitsBacklog: isAsked('maxBacklog'),
    keepsDeleted: pipeline['onDelete'] === 'keep',
  });
  const problems = refused.map(({ setting, reason }) => document.atKey([...path, setting], reason));
  if (!isAsked('retain')) return problems;
  const nothingKept = 'needs "capture: trigger": without change tables nothing is kept on the source';
  return [...problems, document.atKey([...path, 'retain'], nothingKept)];
}

/** Problems of references and combinations; `data` is whatever the file holds. */
export function referenceProblems(document: ConfigDocument, data: unknown): readonly Problem[] {
  const root = group.parse(data);
  const connections = group.parse(root['connections']);
  const pipelines = group.parse(root['pipelines']);
  const names = Object.keys(connections);
  const problems = [...connectionProblems(document, connections)];
  if (root['pipelines'] !== undefined && Object.keys(pipelines).length === 0) {
    problems.push(document.atKey(['pipelines'], 'names no pipeline'));
  }
  for (const [name, value] of Object.entries(pipelines)) {
    const pipeline = group.parse(value);
    const path = ['pipelines', name];
    const source = maybeText.parse(pipeline['source']);
    const target = maybeText.parse(pipeline['target']);
    for (const [key, end] of [['source', source] as const, ['target', target] as const]) {
      const problem = endProblem(document, [...path, key], end, names);
      if (problem !== null) problems.push(problem);
    }
    if (source !== undefined && source === target) {
      problems.push(document.atValue([...path, 'target'], 'is the same connection as the source'));
    }
    problems.push(...tableProblems(document, [...path, 'tables'], list.parse(pipeline['tables'])));
    if (pipeline['schedule'] !== undefined && pipeline['mode'] !== 'batch') {
      problems.push(
        document.atKey(
          [...path, 'schedule'],
          'is for runs that end: it needs "mode: batch", a continuous pipeline runs all the time',
        ),
      );
    }
    problems.push(...captureProblems(document, path, pipeline));
    const snapshotOff = pipeline['snapshot'] === false;
    if (snapshotOff && pipeline['existing'] === 'replace') {
      problems.push(
        document.atKey(
          [...path, 'existing'],
          '"replace" needs the snapshot; leave out one of "snapshot: false" and this',
        ),
      );
    }
  }
  return problems;
}
