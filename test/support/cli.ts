/** The real command line, as a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  /** The working directory, where `cdc.yaml` stands. */
  readonly cwd: string;
  /** Variables beside those of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface RunningCli {
  readonly pid: number;
  /** Waits until stdout and stderr together hold this text; rejects with all of it when the process ends before. */
  said(text: string): Promise<void>;
  signal(name: NodeJS.Signals): void;
  /** Everything that it wrote, once it has ended. */
  readonly result: Promise<CliResult>;
}

const MAIN = join(__dirname, '../../client/cli/main.js');

/** No colours or Temporal settings of whoever runs the tests. */
function cleanEnvironment(extra: CliOptions['env']): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(([name]) => {
    return !/^(TEMPORAL_(?!CLI_PATH)|FORCE_COLOR|NO_COLOR|CDC_)/.test(name);
  });
  return { ...Object.fromEntries(entries), ...extra };
}

/** Starts `cdc` and leaves it running. */
export function startCdc(args: readonly string[], options: CliOptions): RunningCli {
  const child: ChildProcess = spawn(process.execPath, [MAIN, ...args], {
    cwd: options.cwd,
    env: cleanEnvironment(options.env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  let ended = false;
  const listeners = new Set<() => void>();
  const tell = (): void => {
    for (const listener of [...listeners]) listener();
  };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    tell();
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    tell();
  });
  const result = new Promise<CliResult>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      ended = true;
      tell();
      resolve({ code, stdout, stderr });
    });
  });
  return {
    pid: child.pid ?? 0,
    said: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = (stdout + stderr).includes(text);
          if (!found && !ended) return;
          listeners.delete(look);
          if (found) resolve();
          else reject(new Error(`cdc ended without saying ${text}:\n${stdout}${stderr}`));
        };
        listeners.add(look);
        look();
      }),
    signal: (name) => void child.kill(name),
    result,
  };
}

/** Runs `cdc` to its end. */
export function runCdc(args: readonly string[], options: CliOptions): Promise<CliResult> {
  return startCdc(args, options).result;
}
