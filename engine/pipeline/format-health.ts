/** A health report as plain text, for programs without the command line. */
import type { CheckState, HealthReport } from '../model';

const MARKS: Readonly<Record<CheckState, string>> = { ok: 'ok     ', warning: 'warning', failed: 'FAILED ' };

/** Several lines, no colours, no newline at the end. */
export function formatHealthReport(report: HealthReport): string {
  const lines = [`Pipeline ${report.pipeline}: ${report.healthy ? 'healthy' : 'NOT healthy'}`];
  for (const check of report.checks) {
    lines.push(`  ${MARKS[check.state]}  ${check.name}: ${check.message}`);
    if (check.hint !== null) lines.push(`           ${check.hint}`);
  }
  return lines.join('\n');
}
