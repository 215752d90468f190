/** What `cdc doctor` found: about Temporal, each connection, each pipeline. */
import type { Diagnosis, DiagnosisReport, DiagnosisState } from '../../../engine/model';
import type { Paint } from '../terminal';
import { counted } from './figures';

export interface JsonDoctor extends DiagnosisReport {
  readonly version: 1;
  /** True where nothing is a problem; warnings don't count. */
  readonly sound: boolean;
  readonly temporal: readonly Diagnosis[];
}

export function doctorJson(temporal: readonly Diagnosis[], found: DiagnosisReport): JsonDoctor {
  const all = [temporal, ...[...found.connections, ...found.pipelines].map(({ checks }) => checks)].flat();
  return { version: 1, sound: all.every(({ state }) => state !== 'problem'), temporal, ...found };
}

function mark(state: DiagnosisState, paint: Paint): string {
  switch (state) {
    case 'ok':
      return paint.green('ok     ');
    case 'warning':
      return paint.yellow('warning');
    case 'problem':
      return paint.red('PROBLEM');
  }
}

function section(title: string, checks: readonly Diagnosis[], paint: Paint): readonly string[] {
  const width = Math.max(0, ...checks.map(({ check }) => check.length));
  const lines = checks.flatMap(({ check, state, message, remedy }) => [
    `  ${mark(state, paint)}  ${check.padEnd(width)}  ${message}`,
    ...(remedy === null ? [] : [`${' '.repeat(width + 13)}What to do: ${remedy}`]),
  ]);
  return [paint.bold(title), ...lines, ''];
}

export function doctorReport(report: JsonDoctor, paint: Paint): string {
  const { temporal, connections, pipelines, sound } = report;
  const all = [temporal, ...[...connections, ...pipelines].map(({ checks }) => checks)].flat();
  const count = (state: DiagnosisState): number => all.filter((entry) => entry.state === state).length;
  const figures = `${counted(count('problem'), 'problem')}, ${counted(count('warning'), 'warning')}`;
  return [
    ...section('Temporal', temporal, paint),
    ...connections.flatMap(({ name, adapter, asSource, asTarget, checks }) => {
      const use = [...(asSource ? ['source'] : []), ...(asTarget ? ['target'] : [])].join(' and ');
      return section(`Connection ${name} (${adapter ?? 'no adapter'}, ${use})`, checks, paint);
    }),
    ...pipelines.flatMap(({ name, checks }) => section(`Pipeline ${name}`, checks, paint)),
    sound
      ? paint.green(`No problem found; ${counted(count('warning'), 'warning')}.`)
      : paint.red(`${figures}.`),
  ].join('\n');
}
