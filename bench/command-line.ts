/** The words after `npm run bench --`. */
import { parseArgs } from 'node:util';

export interface BenchArguments {
  /** Benchmarks to run; empty for all. */
  readonly names: readonly string[];
  /** One file for all reports instead of one each. */
  readonly json: string | null;
  /** Small sizes and few repetitions: to see that all works. Nothing is judged. */
  readonly quick: boolean;
  readonly help: boolean;
}

/** Throws a TypeError that names an unknown option. */
export function readArguments(words: readonly string[]): BenchArguments {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      json: { type: 'string' },
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  return { names: positionals, json: values.json ?? null, quick: values.quick, help: values.help };
}
