/** A report for people, on standard output. */
import Table from 'cli-table3';
import { judged, type Bar, type BenchmarkReport } from './report';

/** Quick runs show what works, not how fast it is: their bars are printed, but not judged. */
export function printReport(report: BenchmarkReport, quick: boolean): void {
  const parts = [`\n${report.name}: ${report.title}`];
  for (const { title, columns, rows } of report.tables) {
    parts.push(title, drawn(columns, rows));
  }
  if (report.bars.length > 0) {
    parts.push(
      'Bars',
      drawn(
        ['figure', 'measured', 'bar', ''],
        report.bars.map((bar) => [
          bar.what,
          shown(bar.measured, bar),
          `${bar.sense} ${shown(bar.limit, bar)}`,
          quick ? 'not judged' : judged(bar).met ? 'met' : 'MISSED',
        ]),
      ),
    );
  }
  process.stdout.write(`${parts.join('\n')}\n`);
}

function shown(value: number, { unit }: Bar): string {
  const digits = Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0;
  return `${value.toFixed(digits)}${unit === '' ? '' : ` ${unit}`}`;
}

function drawn(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const table = new Table({
    head: [...columns],
    // The first column names the row, figures stand to the right.
    colAligns: columns.map((_, index) => (index === 0 ? 'left' : 'right')),
    style: { head: [], border: [] },
  });
  for (const row of rows) table.push([...row]);
  return table.toString();
}
