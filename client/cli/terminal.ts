/**
 * Where a verb writes to. What it was asked for (a report, JSON, SQL) goes to stdout; progress, confirmations,
 * hints and errors go to stderr.
 */
import { createColors } from 'picocolors';

export interface Paint {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly cyan: (text: string) => string;
}

export interface Terminal {
  /** One or more lines of the result; the newline is added. */
  out(text: string): void;
  /** One or more lines for the person who watches; the newline is added. */
  say(text: string): void;
  /** Rewrites one line on a terminal that shows progress; nothing elsewhere. */
  progress(text: string): void;
  /** Removes the progress line. */
  endProgress(): void;
  /** Colours of stdout. */
  readonly paint: Paint;
  /** Colours of stderr. */
  readonly sayPaint: Paint;
  /** True when a person watches stderr. */
  readonly interactive: boolean;
  /** Characters in a line. */
  readonly width: number;
}

export interface TerminalOptions {
  readonly noColor: boolean;
}

interface Stream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Nothing that moves and no colours, unless a person watches. */
export function createTerminal(stdout: Stream, stderr: Stream, options: TerminalOptions): Terminal {
  const interactive = stderr.isTTY === true;
  const width = stdout.columns ?? stderr.columns ?? 100;
  let shown = false;
  function endProgress(): void {
    if (shown) stderr.write('\r\u001b[K');
    shown = false;
  }
  return {
    out(text) {
      endProgress();
      stdout.write(`${text}\n`);
    },
    say(text) {
      endProgress();
      stderr.write(`${text}\n`);
    },
    progress(text) {
      if (!interactive) return;
      stderr.write(`\r\u001b[K${text.slice(0, width - 1)}`);
      shown = true;
    },
    endProgress,
    paint: createColors(stdout.isTTY === true && !options.noColor),
    sayPaint: createColors(interactive && !options.noColor),
    interactive,
    width,
  };
}
