/** The simulation from the command line: `npm run simulate -- --help`. */
import { parseArgs } from 'node:util';
import { runBatch, traceSeed } from './batch';
import { formatCoverage } from './coverage';
import { MUTATIONS } from './mutations';
import type { Mutation } from './mutations';

const HELP = `npm run simulate -- [options]

  --seed N         run this seed only
  --from N         first seed (0)
  --seeds N        how many seeds (5000)
  --trace          print what happens, step by step (with --seed)
  --mutation NAME  run the engine without one of its rules; must fail

Exit code 1: a promise was broken; the seed is printed and replays exactly.
Mutations:
${[...MUTATIONS].map(([name, { description }]) => `  ${name}\n      ${description}`).join('\n')}
`;

/** How much of a failing seed is shown. */
const TRACE_LINES = 80;
const PROGRESS_EVERY = 1_000;

interface Arguments {
  readonly from: number;
  readonly count: number;
  readonly trace: boolean;
  readonly mutation: Mutation | null;
}

/** Null: show the help. Throws on what can't be understood. */
function readArguments(args: readonly string[]): Arguments | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean', short: 'h' },
      seed: { type: 'string' },
      from: { type: 'string', default: '0' },
      seeds: { type: 'string', default: '5000' },
      trace: { type: 'boolean', default: false },
      mutation: { type: 'string' },
    },
  });
  if (values.help === true) return null;
  const mutation = values.mutation === undefined ? null : MUTATIONS.get(values.mutation);
  if (mutation === undefined) throw new Error(`No mutation ${values.mutation ?? ''}`);
  if (values.trace && values.seed === undefined) throw new Error('--trace needs --seed');
  return {
    from: wholeNumber(values.seed ?? values.from),
    count: values.seed === undefined ? wholeNumber(values.seeds) : 1,
    trace: values.trace,
    mutation,
  };
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new Error(`Not a whole number: ${text}`);
  return Number(text);
}

/** The exit code. */
async function main(args: readonly string[]): Promise<number> {
  const options = readArguments(args);
  if (options === null) {
    process.stdout.write(HELP);
    return 0;
  }
  const { from, count, trace, mutation } = options;
  if (trace) {
    const lines = await traceSeed(from, mutation, Infinity);
    process.stdout.write(`${lines.join('\n')}\n`);
  }
  const { failures, coverage, ran } = await runBatch({
    from,
    count,
    stopAtFirst: true,
    ...(mutation === null ? {} : { mutation }),
    onSeed(done) {
      if (done % PROGRESS_EVERY === 0) process.stderr.write(`${String(done)} of ${String(count)} seeds\n`);
    },
  });
  process.stdout.write(`${formatCoverage(coverage, ran)}\n`);
  const [failure] = failures;
  if (failure === undefined) {
    process.stdout.write(`${String(ran)} seeds passed\n`);
    return 0;
  }
  if (!trace) {
    const lines = await traceSeed(failure.seed, mutation, TRACE_LINES);
    process.stdout.write(`\nThe end of seed ${String(failure.seed)}:\n${lines.join('\n')}\n`);
  }
  process.stdout.write(`\nSeed ${String(failure.seed)} failed: ${failure.violation.message}\n`);
  return 1;
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 2;
  },
);
