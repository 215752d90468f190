/** Whether a pipeline is well, and if not, what is wrong and what to do. */
import type { CheckState, HealthCheck } from '../../../engine/model';
import type { Paint } from '../terminal';

export interface JsonHealth {
  readonly version: 1;
  readonly pipeline: string;
  readonly healthy: boolean;
  readonly checks: readonly HealthCheck[];
}

export function healthJson(pipeline: string, checks: readonly HealthCheck[]): JsonHealth {
  return { version: 1, pipeline, healthy: checks.every(({ state }) => state !== 'failed'), checks };
}

function mark(state: CheckState, paint: Paint): string {
  switch (state) {
    case 'ok':
      return paint.green('ok     ');
    case 'warning':
      return paint.yellow('warning');
    case 'failed':
      return paint.red('FAILED ');
  }
}

export function healthReport({ pipeline, healthy, checks }: JsonHealth, paint: Paint): string {
  const width = Math.max(0, ...checks.map(({ name }) => name.length));
  const verdict = healthy ? paint.green('healthy') : paint.red('NOT healthy');
  const lines = [`${paint.bold(pipeline)}  ${verdict}`, ''];
  for (const check of checks) {
    lines.push(`  ${mark(check.state, paint)}  ${check.name.padEnd(width)}  ${check.message}`);
    if (check.hint !== null) lines.push(`${' '.repeat(width + 13)}What to do: ${check.hint}`);
  }
  return lines.join('\n');
}
