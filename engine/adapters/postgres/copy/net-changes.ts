/** The changes of one table as the source nets them: the last of each key, and what the key held before the chunk. */
import type { TableRoute } from '../../../model';
import type { CapturedColumn } from '../capture/registry';
import { capturedColumns } from '../source/branches';
import { changesFrom, newColumn, oldColumn, type Logged, type Span } from '../source/spans';
import { EXPECTED, KIND } from '../target/staging';
import { writeParameters } from './pipe';

/** The kind of a staged row that says only that its key's row is to be read again. */
export const AGAIN = 'a';

/** What was logged of a table in a part of a window. */
export interface LoggedPart {
  readonly logged: Logged;
  readonly span: Span;
}

/** As an update, an insertion, a touch and a deletion are called here. */
const OP = { update: 'u', insert: 'i', touch: 'r', delete: 'd' } as const;

/** By bytes: comparing by the rules of a language takes longer, and captured keys are the same in bytes or not at all. */
const TEXT = /^(text|character|bpchar|name)/;

/**
 * A query for net changes: `lsn`, `kind`, `op` (what is expected of the target), `touches` of the key where there are
 * any, and the route's columns. LSNs put the changes of a key into their order, in whatever part they are found: whoever waits for a row's
 * lock reads a later one. Sorted by key here, they need no sorting on the target, which has more to do, and which
 * finds its rows page after page.
 *
 * A row that one statement of a client changed twice was changed from inside of functions, and the inner change, made
 * later, can be logged first. A procedure that changes a row twice looks the same; reading its row again does no harm.
 */
export function netChangesSql(route: TableRoute, parts: readonly LoggedPart[]): string {
  const names = route.columns.map((_, index) => `c${index}`).join(', ');
  const key = keyTerms(route, parts).join(', ');
  const written = `op IN ('${OP.insert}', '${OP.update}')`;
  const wasAbsent = `first = '${OP.insert}'`;
  const touches = hasTouches(parts)
    ? `count(*) FILTER (WHERE op = '${OP.touch}') OVER (PARTITION BY ${key}) AS touches, `
    : '';
  return `SELECT lsn,
  (CASE WHEN again OR op = '${OP.touch}' OR at = earlier THEN '${AGAIN}' WHEN ${written} THEN '${KIND.upsert}'
    ELSE '${KIND.delete}' END)::"char",
  (CASE WHEN ${written} THEN CASE WHEN ${wasAbsent} THEN '${EXPECTED.absent}' ELSE '${EXPECTED.present}' END END)::"char",
  ${hasTouches(parts) ? 'touches, ' : ''}${names}
FROM (
  SELECT ${touches}logged.*, lead(lsn) OVER own AS later, lag(at) OVER own AS earlier, first_value(op) OVER own AS first
  FROM (${parts.map((part) => partSql(route, part)).join('\nUNION ALL ')}) AS logged(lsn, again, op, at, ${names})
  WINDOW own AS (PARTITION BY ${key} ORDER BY lsn)
) AS netted WHERE later IS NULL`;
}

/** Whether `touches` is among the columns: counting them takes a pass of its own, and they are rare. */
export function hasTouches(parts: readonly LoggedPart[]): boolean {
  return parts.some(({ logged }) => logged.touches > 0);
}

function partSql(route: TableRoute, { logged, span }: LoggedPart): string {
  const values = capturedColumns(logged.branch.generation, route, route.columns).map((column) =>
    column.key > 0 ? `coalesce(${newColumn(column)}, ${oldColumn(column)})` : newColumn(column),
  );
  const { from, again, parameters } = changesFrom(logged, span, route.where !== null);
  const ops = `CASE c.op WHEN 'update' THEN '${OP.update}' WHEN 'insert' THEN '${OP.insert}' WHEN 'touch' THEN '${OP.touch}'
    ELSE '${OP.delete}' END::"char"`;
  return writeParameters(
    `(${from.before}
  SELECT c.lsn, ${again}, ${ops}, c.changed_at, ${values.join(', ')}
  ${from.rows} AND c.op <> 'truncate')`,
    parameters,
  );
}

function keyTerms(route: TableRoute, [part]: readonly LoggedPart[]): readonly string[] {
  const columns: readonly CapturedColumn[] =
    part === undefined ? [] : capturedColumns(part.logged.branch.generation, route, route.key);
  return columns.map(({ name, type }) => {
    const term = `c${route.columns.indexOf(name)}`;
    return TEXT.test(type) ? `${term} COLLATE pg_catalog."C"` : term;
  });
}
