/** Reports as JSON: one file per benchmark, or all of a run in one. */
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { judged, type BenchmarkReport } from './report';

export interface Results {
  readonly reports: readonly BenchmarkReport[];
  readonly quick: boolean;
  readonly startedAt: Date;
}

/** Writes to `single` when it is given, else `<name>.json` into `folder`. Answers the files. */
export async function writeResults(
  results: Results,
  folder: string,
  single: string | null,
): Promise<readonly string[]> {
  const groups =
    single === null
      ? results.reports.map((report) => ({ file: join(folder, `${report.name}.json`), reports: [report] }))
      : [{ file: single, reports: results.reports }];
  for (const { file, reports } of groups) {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, `${JSON.stringify(document({ ...results, reports }), null, 2)}\n`);
  }
  return groups.map(({ file }) => file);
}

function document({ reports, quick, startedAt }: Results): unknown {
  return {
    version: 1,
    quick,
    startedAt: startedAt.toISOString(),
    machine: {
      platform: process.platform,
      architecture: process.arch,
      cores: cpus().length,
      processor: cpus()[0]?.model ?? 'unknown',
      node: process.version,
    },
    benchmarks: reports.map((report) => ({ ...report, bars: report.bars.map(judged) })),
  };
}
