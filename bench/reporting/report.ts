/** The shape of a benchmark's report. */

/** A figure that must hold. */
export interface Bar {
  readonly what: string;
  readonly measured: number;
  readonly limit: number;
  readonly sense: 'at most' | 'at least';
  /** Empty for quotients. */
  readonly unit: string;
}

export interface JudgedBar extends Bar {
  readonly met: boolean;
}

export interface FigureTable {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface BenchmarkReport {
  readonly name: string;
  readonly title: string;
  /** How it was measured, in sentences. */
  readonly method: readonly string[];
  readonly tables: readonly FigureTable[];
  readonly bars: readonly Bar[];
  /** Every single sample, for who wants to look closer. */
  readonly samples: Readonly<Record<string, unknown>>;
}

export function judged(bar: Bar): JudgedBar {
  const met = bar.sense === 'at most' ? bar.measured <= bar.limit : bar.measured >= bar.limit;
  return { ...bar, met };
}
