/** Resident memory of a process, as the operating system counts it. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Bytes of memory that the process holds. Throws when it has ended. */
export function residentBytes(pid: number): number {
  if (process.platform === 'linux') {
    const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    if (kibibytes !== undefined) return Number(kibibytes) * 1024;
  }
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }).trim()) * 1024;
}

export interface PeakSampler {
  /** Ends sampling and answers the highest figure seen, in bytes. */
  stop(): number;
}

/** Looks every `everyMs` milliseconds. */
export function samplePeak(pid: number, everyMs = 20): PeakSampler {
  let peak = residentBytes(pid);
  const timer = setInterval(() => (peak = Math.max(peak, residentBytes(pid))), everyMs);
  return {
    stop() {
      clearInterval(timer);
      return Math.max(peak, residentBytes(pid));
    },
  };
}
