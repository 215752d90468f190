/** The environment of this process, read here and nowhere outside of worker/. */
import type { Environment } from './config';

/** All variables, for `${VAR}` in `cdc.yaml` and for the Temporal client's profile. */
export function processEnvironment(): Environment {
  return process.env;
}

/** What a person has set for all programs of this kind. */
export interface Preferences {
  /** `NO_COLOR` is set to anything, or the terminal can't. */
  readonly noColor: boolean;
  /** `CDC_DEBUG` is set: unexpected errors show where they come from. */
  readonly debug: boolean;
}

export function preferences(environment: Environment): Preferences {
  const set = (name: string): boolean => (environment[name] ?? '') !== '';
  return { noColor: set('NO_COLOR') || environment['TERM'] === 'dumb', debug: set('CDC_DEBUG') };
}
