/** Whether a column can be relied on to find the rows that have changed. */
import { SPREAD_ROWS, type KeysetAssessment, type KeysetColumn } from '../../../model';
import { quote } from '../database/identifiers';
import type { Session } from '../database/session';
import { numberOf, textOf } from '../database/values';
import { readSource } from '../source/transaction';
import { formOf } from './time';

export function assess(session: Session, keyset: KeysetColumn, allowScan: boolean): KeysetAssessment {
  return readSource(session, () => {
    const refusal = refuse(session, keyset, allowScan);
    if (refusal !== null) return { refusal, notices: [], spread: null };
    return { refusal, notices: notices(session, keyset), spread: spreadOf(session, keyset) };
  });
}

function refuse(session: Session, keyset: KeysetColumn, allowScan: boolean): KeysetAssessment['refusal'] {
  const { route, column, by } = keyset;
  const classes = extremes(session, keyset).map((value) => (value === null ? null : typeof value));
  const kinds = new Set(classes.filter((kind) => kind !== null));
  if (kinds.size > 1) {
    return {
      reason: `column ${column} holds text beside numbers, which SQLite does not order by time`,
      remedy: 'Spell all values alike: ISO text in UTC, or unix seconds, or julian days.',
    };
  }
  if (by === 'version' && (kinds.has('number') || kinds.has('string') || kinds.has('object'))) {
    return {
      reason: `column ${column} holds other values than whole numbers: no version`,
      remedy: 'Use a column of whole numbers that grow over the table.',
    };
  }
  if (
    by === 'timestamp' &&
    extremes(session, keyset).some((value) => value !== null && formOf(value) === null)
  ) {
    return {
      reason: `column ${column} holds values that are no times`,
      remedy: 'Spell times as ISO text in UTC, as unix seconds or milliseconds, or as julian days.',
    };
  }
  if (allowScan || isIndexed(session, keyset)) return null;
  const table = route.source.name.name;
  return {
    reason: `column ${column} has no index, so each look would read the whole table`,
    remedy: `CREATE INDEX ${quote(`${table}_${column}`)} ON ${quote(table)} (${quote(column)}), or allowScan: true.`,
  };
}

/** The lowest and the highest value: other storage classes than theirs lie in between only where both differ. */
function extremes(session: Session, { route, column }: KeysetColumn) {
  const from = `FROM main.${quote(route.source.name.name)} WHERE ${quote(column)} IS NOT NULL ORDER BY ${quote(column)}`;
  return ['', ' DESC'].map(
    (direction) => session.get(`SELECT ${quote(column)} ${from}${direction} LIMIT 1`)?.[0] ?? null,
  );
}

/** True where an index that holds all rows begins with the column. */
function isIndexed(session: Session, { route, column }: KeysetColumn): boolean {
  const table = route.source.name.name;
  const [first] = route.key;
  // A key of one whole number is the table itself.
  if (first === column) return true;
  return session
    .all(`SELECT name FROM pragma_index_list(?, 'main') WHERE NOT partial`, table)
    .some(([name]) => {
      const leading = session.get(
        `SELECT name FROM pragma_index_info(?, 'main') WHERE seqno = 0`,
        textOf(name),
      )?.[0];
      return leading === column;
    });
}

function notices(session: Session, { route, column, by }: KeysetColumn): readonly string[] {
  const said: string[] = [];
  const schema = route.source.columns.find(({ name }) => name === column);
  if (schema?.nullable === true) {
    const sql = `SELECT count(*) FROM main.${quote(route.source.name.name)} WHERE ${quote(column)} IS NULL`;
    const count = numberOf(session.get(sql)?.[0]);
    said.push(
      `${count === 0 ? 'Rows' : `${String(count)} rows`} without a value in ${column} are copied once; changes to them are seen by comparing keys alone (\`deletes: reconcile\`, or \`per: row\`).`,
    );
  }
  const triggered = session.get(
    `SELECT 1 FROM main.sqlite_schema WHERE type = 'trigger' AND tbl_name = ? COLLATE NOCASE AND instr(lower(sql), lower(?)) > 0`,
    route.source.name.name,
    column,
  );
  if (triggered === undefined) {
    said.push(
      by === 'timestamp'
        ? `No trigger sets ${column} on update: a change is seen only where the application sets it each time.`
        : `No trigger sets ${column}: a change is seen only where the application raises it each time.`,
    );
  }
  return said;
}

function spreadOf(session: Session, { route, column, by }: KeysetColumn): KeysetAssessment['spread'] {
  if (by !== 'version') return null;
  const row = session.get(
    `SELECT count(*), min(v), max(v) FROM (
  SELECT ${quote(column)} AS v FROM main.${quote(route.source.name.name)} WHERE ${quote(column)} IS NOT NULL LIMIT ${SPREAD_ROWS})`,
  );
  const rows = numberOf(row?.[0]);
  return rows === 0 ? null : { rows, least: Number(row?.[1]), most: Number(row?.[2]) };
}
