/** `${VAR}` and `${VAR:-default}` in the values of `cdc.yaml`. */

/** The variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface Expansion {
  readonly text: string;
  /** True when anything was replaced: the text must then not be shown. */
  readonly replaced: boolean;
  /** What is wrong with the references, in words without values. */
  readonly problems: readonly string[];
}

// `$${` stands for a literal `${`, as in compose files.
const REFERENCE = /\$\$\{|\$\{([^}]*)(\}|$)/g;
const NAME = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;

/** Replaces the references of a text. The default is used when the variable is missing or empty, as in a shell. */
export function expandVariables(text: string, environment: Environment): Expansion {
  const problems: string[] = [];
  const expanded = text.replace(
    REFERENCE,
    (whole: string, inner: string | undefined, close: string | undefined) => {
      if (whole === '$${') return '${';
      const match = NAME.exec(inner ?? '');
      if (match?.[1] === undefined || close !== '}') {
        problems.push('not a variable: write ${NAME} or ${NAME:-default}, and $${ for a literal ${');
        return '';
      }
      const value = environment[match[1]];
      if (match[2] !== undefined) return value === undefined || value === '' ? match[2] : value;
      if (value === undefined) problems.push(`the environment variable ${match[1]} is not set`);
      return value ?? '';
    },
  );
  return { text: expanded, replaced: expanded !== text, problems };
}

/** What an unquoted value means after its variables were replaced: `batch: ${BATCH}` is a number. */
export function plainScalar(text: string): string | number | boolean {
  if (/^-?\d{1,15}$/.test(text)) return Number(text);
  if (text === 'true' || text === 'false') return text === 'true';
  return text;
}
