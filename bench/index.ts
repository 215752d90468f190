/**
 * The benchmarks: `npm run bench -- NAME…` runs those (all without a name), prints tables and writes
 * `bench/results/<name>.json`. Everything that is compared runs in the same invocation, in turning order.
 *
 * `benchmarks/` has one file each, `baselines/` what they compare with, `ground/` what they stand on, `processes/`
 * the entry points of their child processes, `measuring/` clocks and statistics, `reporting/` tables and files.
 */
import { join } from 'node:path';
import { BENCHMARKS, type Benchmark } from './benchmarks';
import { readArguments, type BenchArguments } from './command-line';
import { createWorkspace } from './ground';
import { judged, printReport, writeResults, type BenchmarkReport } from './reporting';

/** Of the sources: results outlive the next build. */
const RESULTS_FOLDER = join(__dirname, '..', '..', 'bench', 'results');

const USAGE = `npm run bench -- [NAME…] [--quick] [--json FILE]

${BENCHMARKS.map(({ name, title }) => `  ${name.padEnd(14)} ${title}`).join('\n')}

  --quick        small sizes: to see that all works; bars are not judged
  --json FILE    one file for all results instead of bench/results/<name>.json
`;

async function runOne(benchmark: Benchmark, quick: boolean): Promise<BenchmarkReport> {
  const workspace = createWorkspace();
  const interrupted = new Promise<never>((_, reject) => {
    const stop = (signal: NodeJS.Signals): void => reject(new Error(`Interrupted by ${signal}`));
    // Kept until the end: the server's own listener ends this process when nobody else listens.
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
    workspace.onClose(() => {
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
    });
  });
  const say = (line: string): void => void process.stderr.write(`${benchmark.name}: ${line}\n`);
  try {
    return await Promise.race([benchmark.run({ workspace, quick, say }), interrupted]);
  } finally {
    await workspace.close();
  }
}

/** Exit codes: 0 done and every bar met, 1 a bar missed or a benchmark failed, 2 wrong use. */
async function main({ names, quick, json }: BenchArguments): Promise<number> {
  const unknown = names.filter((name) => !BENCHMARKS.some((benchmark) => benchmark.name === name));
  if (unknown.length > 0) {
    process.stderr.write(`Unknown: ${unknown.join(', ')}\n\n${USAGE}`);
    return 2;
  }
  const startedAt = new Date();
  const reports: BenchmarkReport[] = [];
  for (const benchmark of BENCHMARKS) {
    if (names.length > 0 && !names.includes(benchmark.name)) continue;
    const report = await runOne(benchmark, quick);
    printReport(report, quick);
    reports.push(report);
  }
  const files = await writeResults({ reports, quick, startedAt }, RESULTS_FOLDER, json);
  process.stderr.write(`Written: ${files.join(', ')}\n`);
  const missed = reports.flatMap(({ bars }) => bars).some((bar) => !judged(bar).met);
  return missed && !quick ? 1 : 0;
}

function readOrUsage(words: readonly string[]): BenchArguments | null {
  try {
    return readArguments(words);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : 'Wrong use'}\n\n${USAGE}`);
    return null;
  }
}

async function run(): Promise<void> {
  const words = readOrUsage(process.argv.slice(2));
  if (words === null) process.exitCode = 2;
  else if (words.help) process.stdout.write(USAGE);
  else process.exitCode = await main(words);
}

run().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : 'Failed'}\n`);
  // Not by the exit code alone: an interrupted benchmark would go on.
  process.exit(1);
});
