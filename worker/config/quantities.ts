/** Quantities as people write them in `cdc.yaml` and on the command line. */

const UNITS = new Map<string, number>([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

/** Milliseconds of `250ms`, `10s`, `1.5m`, `24h`, `7d`; null when the text is no duration. */
export function parseDuration(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/.exec(text.trim());
  const factor = UNITS.get(match?.[2] ?? '');
  if (match?.[1] === undefined || factor === undefined) return null;
  const milliseconds = Math.round(Number(match[1]) * factor);
  return Number.isSafeInteger(milliseconds) ? milliseconds : null;
}

/** A duration as it would be written in `cdc.yaml`, in the largest unit that keeps it whole. */
export function formatDuration(milliseconds: number): string {
  const units = [...UNITS].reverse();
  const [unit, factor] = units.find(([, size]) => milliseconds >= size && milliseconds % size === 0) ?? [
    'ms',
    1,
  ];
  return `${milliseconds / factor}${unit}`;
}
