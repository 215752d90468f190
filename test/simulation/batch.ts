/** Runs many seeds, one after the other. */
import type { Mutation } from './mutations';
import type { Violation } from './oracle';
import { planOf, runSeed } from './world';

export interface BatchOptions {
  readonly from: number;
  readonly count: number;
  /** Run no more than so many of them, where a mutation can't show in all. */
  readonly most?: number;
  readonly mutation?: Mutation;
  /** End at the first seed that breaks a promise. */
  readonly stopAtFirst: boolean;
  readonly onSeed?: (done: number) => void;
}

export interface BatchResult {
  /** Seeds that were run: those in which the mutation can show. */
  readonly ran: number;
  readonly failures: readonly { readonly seed: number; readonly violation: Violation }[];
  /** By kind of event: in how many seeds it happened. */
  readonly coverage: ReadonlyMap<string, number>;
}

export async function runBatch(options: BatchOptions): Promise<BatchResult> {
  const { from, count, mutation, stopAtFirst } = options;
  const failures: { seed: number; violation: Violation }[] = [];
  const coverage = new Map<string, number>();
  let ran = 0;
  for (let seed = from; seed < from + count && ran < (options.most ?? count); seed++) {
    if (mutation?.where?.(planOf(seed)) === false) continue;
    const result = await runSeed({ seed, ...(mutation === undefined ? {} : { mutation }) });
    ran += 1;
    for (const event of result.coverage.events.keys()) coverage.set(event, (coverage.get(event) ?? 0) + 1);
    options.onSeed?.(seed - from + 1);
    if (result.violation === null) continue;
    failures.push({ seed, violation: result.violation });
    if (stopAtFirst) break;
  }
  return { ran, failures, coverage };
}

/** The last lines of a seed's trace, for people. */
export async function traceSeed(
  seed: number,
  mutation: Mutation | null,
  lines: number,
): Promise<readonly string[]> {
  const trace: string[] = [];
  await runSeed({ seed, trace: (line) => trace.push(line), ...(mutation === null ? {} : { mutation }) });
  return trace.slice(-lines);
}
