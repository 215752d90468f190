/** What the verbs are given from outside: the terminal, the environment, the options that all of them share. */
import type { Command } from 'commander';
import type { Environment } from '../../worker/config';
import type { Terminal } from './terminal';

export interface CliContext {
  readonly terminal: Terminal;
  readonly environment: Environment;
  /** Show where unexpected errors come from. */
  readonly debug: boolean;
  /** Of the package. */
  readonly version: string;
  /** Asks the person at the keyboard a question to be answered with yes; false where nobody can answer. */
  readonly confirm: (question: string) => Promise<boolean>;
  /** Calls back at the first Ctrl-C or SIGTERM; answers how to stop listening. */
  readonly onInterrupt: (callback: () => void) => () => void;
}

/** `--config`, `--address`, `--namespace`. */
export interface GlobalOptions {
  readonly config: string;
  /** True when the person named the file. */
  readonly configGiven: boolean;
  readonly address: string | undefined;
  readonly namespace: string | undefined;
}

function maybeText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** The shared options, wherever on the line they stood. */
export function globalOptions(command: Command): GlobalOptions {
  const options: Record<string, unknown> = command.optsWithGlobals();
  return {
    config: maybeText(options['config']) ?? 'cdc.yaml',
    configGiven: command.getOptionValueSourceWithGlobals('config') === 'cli',
    address: maybeText(options['address']),
    namespace: maybeText(options['namespace']),
  };
}
