/** Rows that the target refused and that are set aside, for people and for programs. */
import type { DeadLetter } from '../../../engine/model';
import type { Paint } from '../terminal';
import { keyText } from './changes';
import { columns } from './columns';
import { counted, time } from './figures';
import { type JsonValue, jsonRow, shownValue } from './values';

/** One of them in `cdc dead-letters list … --json`. `setAsideAt` is milliseconds since 1970. */
export interface JsonDeadLetter extends Omit<DeadLetter, 'key' | 'row'> {
  readonly key: Readonly<Record<string, JsonValue>>;
}

/** One of them in `cdc dead-letters show … --json`. */
export interface JsonShownDeadLetter extends JsonDeadLetter {
  /** Null for a row that could not be deleted. */
  readonly row: Readonly<Record<string, JsonValue>> | null;
}

export interface JsonDeadLetters<Letter> {
  readonly version: 1;
  readonly pipeline: string;
  readonly deadLetters: readonly Letter[];
}

export function deadLettersJson(
  pipeline: string,
  letters: readonly DeadLetter[],
): JsonDeadLetters<JsonDeadLetter> {
  return { version: 1, pipeline, deadLetters: letters.map(entryJson) };
}

/** The same with the values of the rows. */
export function shownDeadLettersJson(
  pipeline: string,
  letters: readonly DeadLetter[],
): JsonDeadLetters<JsonShownDeadLetter> {
  const shown = letters.map((letter) => ({
    ...entryJson(letter),
    row: letter.row === null ? null : jsonRow(letter.row),
  }));
  return { version: 1, pipeline, deadLetters: shown };
}

function entryJson({
  id,
  table,
  key,
  op,
  code,
  column,
  setAsideAt,
  attempts,
  retry,
}: DeadLetter): JsonDeadLetter {
  return { id, table, key: jsonRow(key), op, code, column, setAsideAt, attempts, retry };
}

const LAYOUT = [
  { title: 'ID', align: 'left' },
  { title: 'TABLE', align: 'left' },
  { title: 'KEY', align: 'left' },
  { title: 'CAUSE', align: 'left' },
  { title: 'COLUMN', align: 'left' },
  { title: 'SET ASIDE', align: 'left' },
  { title: 'ATTEMPTS', align: 'right' },
] as const;

/** Oldest first. */
export function deadLettersReport(pipeline: string, letters: readonly DeadLetter[], paint: Paint): string {
  if (letters.length === 0) return `${pipeline} has no dead letters.`;
  const rows = letters.map(({ id, table, key, code, column, setAsideAt, attempts, retry }) => [
    id,
    table,
    keyText(key),
    paint.red(code),
    column ?? '',
    time(setAsideAt),
    `${String(attempts)}${retry ? paint.cyan(', to be retried') : ''}`,
  ]);
  return [
    columns(LAYOUT, rows, paint.dim),
    '',
    `${counted(letters.length, 'dead letter')}. \`cdc dead-letters show ${pipeline} ID\` shows the values,`,
    `\`cdc dead-letters retry ${pipeline} ID\` reads the source's row again once the cause is mended.`,
  ].join('\n');
}

/** Each with its values. */
export function shownDeadLettersReport(
  pipeline: string,
  letters: readonly DeadLetter[],
  paint: Paint,
): string {
  if (letters.length === 0) return `${pipeline} has no dead letters.`;
  return letters.map((letter) => letterLines(letter, paint).join('\n')).join('\n\n');
}

function letterLines(letter: DeadLetter, paint: Paint): readonly string[] {
  const { id, table, key, op, row, code, column, setAsideAt, attempts, retry } = letter;
  const names = Object.keys(row ?? {});
  const width = Math.max(0, ...names.map((name) => name.length));
  const where = column === null ? '' : `, column ${column}`;
  const tried = `${counted(attempts, 'attempt')}${retry ? ', to be retried' : ''}`;
  return [
    `${paint.bold(id)}  ${op} of ${table}  ${keyText(key)}`,
    `    ${paint.red(code)}${where}  ${paint.dim(`set aside ${time(setAsideAt)}, ${tried}`)}`,
    ...names.map((name) => {
      const line = `    ${name.padEnd(width)}  ${shownValue(row?.[name] ?? null)}`;
      return name === column ? paint.red(line) : line;
    }),
  ];
}
