/** Whether a column can be relied on to find the rows that have changed. */
import { SPREAD_ROWS, type KeysetAssessment, type KeysetColumn } from '../../../model';
import { qualify, quote, type Session } from '../database';
import { clockSql, columnOf, formOf, isInteger } from './time';

export async function assess(
  session: Session,
  keyset: KeysetColumn,
  allowScan: boolean,
): Promise<KeysetAssessment> {
  const refusal = refuseType(keyset) ?? (allowScan ? null : await refuseScan(session, keyset));
  if (refusal !== null) return { refusal, notices: [], spread: null };
  return { refusal, notices: await notices(session, keyset), spread: await spreadOf(session, keyset) };
}

function refuseType(keyset: KeysetColumn): KeysetAssessment['refusal'] {
  const { column, by } = keyset;
  const schema = columnOf(keyset);
  const type = schema?.type;
  const declared = schema?.declaredType ?? '';
  if (by === 'version') {
    if (isInteger(schema) || (type?.kind === 'decimal' && type.scale === 0)) return null;
    return {
      reason: `column ${column} is of type ${declared}, which holds other values than whole numbers: no version`,
      remedy: 'Use a column of whole numbers that grow over the table, e.g. BIGINT.',
    };
  }
  if (type?.kind === 'timestamp' || isInteger(schema)) return null;
  return {
    reason:
      type?.kind === 'date'
        ? `column ${column} holds days: rows of one day can't be told by the time of their change`
        : `column ${column} is of type ${declared}, which holds no times`,
    remedy: 'Use a column of type TIMESTAMP(6), or a BIGINT of unix seconds, milliseconds or microseconds.',
  };
}

/** Indexes over whole values that begin with the column. */
const INDEX = `SELECT 1 FROM information_schema.STATISTICS
WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND COLUMN_NAME = ? AND SEQ_IN_INDEX = 1 AND SUB_PART IS NULL
  AND INDEX_TYPE = 'BTREE'`;

async function refuseScan(
  session: Session,
  { route, column }: KeysetColumn,
): Promise<KeysetAssessment['refusal']> {
  const { name } = route.source.name;
  if ((await session.first(INDEX, [session.database, name, column])) !== undefined) return null;
  return {
    reason: `column ${column} has no index, so each look would read the whole table`,
    remedy: `CREATE INDEX ${quote(`${name}_${column}`)} ON ${quote(name)} (${quote(column)}), or allowScan: true.`,
  };
}

/** What sets the column by itself: ON UPDATE CURRENT_TIMESTAMP, or a trigger that names it. */
const SET_BY_ITSELF = `SELECT 1 FROM information_schema.COLUMNS
WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND COLUMN_NAME = ? AND EXTRA LIKE '%on update%'
UNION ALL SELECT 1 FROM information_schema.TRIGGERS
WHERE EVENT_OBJECT_SCHEMA = ? AND EVENT_OBJECT_TABLE = ? AND ACTION_TIMING = 'BEFORE' AND EVENT_MANIPULATION = 'UPDATE'
  AND LOCATE(LOWER(?), LOWER(ACTION_STATEMENT)) > 0`;

async function notices(session: Session, keyset: KeysetColumn): Promise<readonly string[]> {
  const { route, column, by } = keyset;
  const { name } = route.source.name;
  const said: string[] = [];
  if (columnOf(keyset)?.nullable === true) {
    const row = await session.first(
      `SELECT COUNT(*) FROM ${qualify(route.source.name)} WHERE ${quote(column)} IS NULL`,
    );
    const count = Number(row?.[0]);
    said.push(
      `${count === 0 ? 'Rows' : `${String(count)} rows`} without a value in ${column} are copied once; changes to them are seen by comparing keys alone (\`deletes: reconcile\`, or \`per: row\`).`,
    );
  }
  const place = [session.database, name, column];
  if ((await session.first(SET_BY_ITSELF, [...place, ...place])) === undefined) {
    said.push(
      by === 'timestamp'
        ? `Neither ON UPDATE CURRENT_TIMESTAMP nor a trigger sets ${column}: a change is seen only where the application sets it each time.`
        : `No trigger sets ${column}: a change is seen only where the application raises it each time.`,
    );
  }
  return by === 'timestamp' ? [...said, ...(await timeNotices(session, keyset))] : said;
}

async function timeNotices(session: Session, keyset: KeysetColumn): Promise<readonly string[]> {
  const { route, column } = keyset;
  const form = await formOf(session, keyset);
  const said: string[] = [];
  if (form === 'zoneless') {
    said.push(
      `Column ${column} has no time zone, and is taken as UTC: where clocks are set back in autumn, changes of that hour are missed without a \`lookback\` of more than an hour.`,
    );
  }
  if (form === null) return said;
  const ahead = await session.first(
    `SELECT 1 FROM ${qualify(route.source.name)} WHERE ${quote(column)} > ${clockSql(form)} LIMIT 1`,
  );
  if (ahead !== undefined) {
    said.push(
      `Rows lie ahead of the database's clock by ${column}: they are read again at each look until it has come to them. Is it another time zone?`,
    );
  }
  return said;
}

async function spreadOf(session: Session, keyset: KeysetColumn): Promise<KeysetAssessment['spread']> {
  const { route, column, by } = keyset;
  if (by !== 'version') return null;
  const row = await session.first(
    `SELECT count(*), min(v), max(v) FROM (
  SELECT ${quote(column)} AS v FROM ${qualify(route.source.name)} WHERE ${quote(column)} IS NOT NULL LIMIT ${SPREAD_ROWS}) AS looked`,
  );
  const rows = Number(row?.[0]);
  return rows === 0 ? null : { rows, least: Number(row?.[1]), most: Number(row?.[2]) };
}
