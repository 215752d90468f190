/** The worker's log for a person who watches `cdc dev`: short lines instead of JSON. */
import { type Logger, pino } from 'pino';
import type { Terminal } from './terminal';

const ERROR_LEVEL = 50;

function field(entry: object, name: string): string | null {
  const value: unknown = Reflect.get(entry, name);
  return typeof value === 'string' ? value : null;
}

/** `warning: Activity failed: resync of cdc:music: TABLE_NOT_IN_PIPELINE The pipeline has no table x`. */
function readable(line: string): string {
  const entry: unknown = JSON.parse(line);
  if (typeof entry !== 'object' || entry === null) return line;
  const level: unknown = Reflect.get(entry, 'level');
  const error: unknown = Reflect.get(entry, 'error');
  const cause =
    typeof error === 'object' && error !== null
      ? [field(error, 'code') ?? field(error, 'name'), field(error, 'message')]
      : [];
  const where = [field(entry, 'activityType'), field(entry, 'workflowId')].filter((part) => part !== null);
  const parts = [field(entry, 'msg'), where.join(' of '), cause.filter((part) => part !== null).join(' ')];
  const word = typeof level === 'number' && level >= ERROR_LEVEL ? 'error' : 'warning';
  return `${word}: ${parts.filter((part) => part !== null && part !== '').join(': ')}`;
}

export function createReadableLog(terminal: Terminal): Logger {
  const write = (line: string): void => {
    const time = new Date().toISOString().slice(11, 19);
    terminal.say(`${terminal.sayPaint.dim(time)} ${terminal.sayPaint.yellow(readable(line))}`);
  };
  return pino({ level: 'warn' }, { write });
}
