/** Net changes of a table of which a condition chooses rows: each changed key with its row as it is now, or as gone. */
import { filterSql, type TableRoute } from '../../../model';
import { qualify, quote, type Session } from '../database';
import { readEquality } from '../rows/equality';
import { KIND } from '../target/staging';
import { hasTouches, netChangesSql, type LoggedPart } from './net-changes';

/**
 * As `netChangesSql`, with nothing left to be read again. A row that is found under another spelling of its key is the
 * row of that spelling. Nothing is expected of the target: it may hold the row of before, or not.
 */
export async function chosenChangesSql(
  reader: Session,
  route: TableRoute,
  where: string,
  parts: readonly LoggedPart[],
): Promise<string> {
  const { source, columns, key } = route;
  const equality = await readEquality(reader, source.name, key);
  const touches = hasTouches(parts) ? ['touches'] : [];
  const names = columns.map((_, place) => `c${place}`);
  const spelled = (value: string): string => `CAST(${value} AS text) COLLATE pg_catalog."C"`;
  const same = key.flatMap((name) => {
    const [logged, found] = [`n.c${columns.indexOf(name)}`, `s.${quote(name)}`];
    return [`${found} ${equality.get(name) ?? '='} ${logged}`, `${spelled(found)} = ${spelled(logged)}`];
  });
  const values = columns.map((name, place) => (key.includes(name) ? `n.c${place}` : `s.${quote(name)}`));
  const [first = ''] = key;
  return `SELECT n.lsn, (CASE WHEN s.${quote(first)} IS NULL THEN '${KIND.delete}' ELSE '${KIND.upsert}' END)::"char", NULL::"char",
  ${[...touches.map((name) => `n.${name}`), ...values].join(', ')}
FROM (${netChangesSql(route, parts)}) AS n(lsn, kind, op, ${[...touches, ...names].join(', ')})
LEFT JOIN (SELECT * FROM ${qualify(source.name)} WHERE ${filterSql(where)}) AS s ON ${same.join(' AND ')}`;
}

/** Runs `work` with each key looked up by itself: nobody knows beforehand how few there are. */
export async function lookingUp<T>(reader: Session, work: () => Promise<T>): Promise<T> {
  await reader.execute('SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off');
  const result = await work();
  await reader.execute('SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on');
  return result;
}
