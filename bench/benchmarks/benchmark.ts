/** What every benchmark is. */
import type { Workspace } from '../ground';
import type { BenchmarkReport } from '../reporting';

export interface BenchmarkOptions {
  readonly workspace: Workspace;
  /** Small sizes and few repetitions: nothing is judged. */
  readonly quick: boolean;
  /** Says what is being done, on standard error. */
  readonly say: (line: string) => void;
}

export interface Benchmark {
  readonly name: string;
  readonly title: string;
  run(options: BenchmarkOptions): Promise<BenchmarkReport>;
}
