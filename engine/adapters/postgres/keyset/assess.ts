/** Whether a column can be relied on to find the rows that have changed. */
import { SPREAD_ROWS, type KeysetAssessment, type KeysetColumn } from '../../../model';
import { qualify, quote, type Session } from '../database';
import { clockSql, formOf, typeOf } from './time';

export async function assess(
  session: Session,
  keyset: KeysetColumn,
  allowScan: boolean,
): Promise<KeysetAssessment> {
  const refusal =
    refuseType(keyset) ??
    (await refuseSequence(session, keyset)) ??
    (allowScan ? null : await refuseScan(session, keyset));
  if (refusal !== null) return { refusal, notices: [], spread: null };
  return { refusal, notices: await notices(session, keyset), spread: await spreadOf(session, keyset) };
}

/** Types of the system's own that only grow. */
const COUNTERS = ['xid8', 'pg_lsn'];

function refuseType(keyset: KeysetColumn): KeysetAssessment['refusal'] {
  const { route, column, by } = keyset;
  const type = typeOf(keyset);
  const declared = route.source.columns.find(({ name }) => name === column)?.declaredType ?? '';
  if (by === 'version') {
    const isWhole = type?.kind === 'int' || (type?.kind === 'decimal' && type.scale === 0);
    if (isWhole || COUNTERS.includes(declared)) return null;
    return {
      reason: `column ${column} is of type ${declared}, which holds other values than whole numbers: no version`,
      remedy: 'Use a column of whole numbers that grow over the table, e.g. bigint.',
    };
  }
  if (type?.kind === 'timestamp' || type?.kind === 'int') return null;
  return {
    reason:
      type?.kind === 'date'
        ? `column ${column} holds days: rows of one day can't be told by the time of their change`
        : `column ${column} is of type ${declared}, which holds no times`,
    remedy: 'Use a column of type timestamptz, or a bigint of unix seconds, milliseconds or microseconds.',
  };
}

/** The sequence of a default, or of an identity column. */
const SEQUENCE = `SELECT q.seqrelid::regclass::text, q.seqcache FROM pg_sequence q
JOIN pg_attribute a ON a.attrelid = to_regclass($1) AND a.attname = $2
WHERE q.seqcache > 1 AND q.seqrelid IN (
  SELECT d.refobjid FROM pg_depend d JOIN pg_attrdef v ON d.classid = 'pg_attrdef'::regclass AND d.objid = v.oid
  WHERE v.adrelid = a.attrelid AND v.adnum = a.attnum AND d.refclassid = 'pg_class'::regclass
  UNION ALL
  SELECT d.objid FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
    AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum AND d.deptype = 'i')`;

/** Numbers that a session keeps in stock are handed out when others have long handed out higher ones. */
async function refuseSequence(
  session: Session,
  { route, column, by }: KeysetColumn,
): Promise<KeysetAssessment['refusal']> {
  if (by !== 'version') return null;
  const row = await session.first(SEQUENCE, [qualify(route.source.name), column]);
  if (row === undefined) return null;
  return {
    reason: `column ${column} takes its numbers from a sequence of which each connection keeps some in stock (CACHE ${row[1] ?? ''}), so that they do not grow over the table`,
    remedy: `ALTER SEQUENCE ${row[0] ?? ''} CACHE 1, and open the application's connections anew.`,
  };
}

/** Indexes that hold all rows and begin with the column. */
const INDEX = `SELECT FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
JOIN pg_am m ON m.oid = c.relam AND m.amname = 'btree'
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
WHERE i.indrelid = to_regclass($1) AND a.attname = $2 AND i.indisvalid AND i.indpred IS NULL`;

async function refuseScan(
  session: Session,
  { route, column }: KeysetColumn,
): Promise<KeysetAssessment['refusal']> {
  const table = qualify(route.source.name);
  if ((await session.first(INDEX, [table, column])) !== undefined) return null;
  // A partitioned table takes no index that is made beside its writers.
  const how = route.source.options.includes('PARTITIONED') ? 'INDEX' : 'INDEX CONCURRENTLY';
  return {
    reason: `column ${column} has no index, so each look would read the whole table`,
    remedy: `CREATE ${how} ON ${table} (${quote(column)}), or allowScan: true.`,
  };
}

/** BEFORE UPDATE triggers for each row whose function, or arguments, name the column. */
const TRIGGER = `SELECT FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
WHERE t.tgrelid = to_regclass($1) AND NOT t.tgisinternal AND t.tgenabled <> 'D' AND t.tgtype & 19 = 19
  AND (strpos(lower(p.prosrc), lower($2)) > 0 OR strpos(encode(t.tgargs, 'escape'), $2) > 0)`;

const SUBSCRIBED = `SELECT FROM pg_subscription_rel WHERE srrelid = to_regclass($1)`;

async function notices(session: Session, keyset: KeysetColumn): Promise<readonly string[]> {
  const { route, column, by } = keyset;
  const table = qualify(route.source.name);
  const said: string[] = [];
  const schema = route.source.columns.find(({ name }) => name === column);
  if (schema?.nullable === true) {
    const row = await session.first(`SELECT count(*) FROM ${table} WHERE ${quote(column)} IS NULL`);
    const count = Number(row?.[0]);
    said.push(
      `${count === 0 ? 'Rows' : `${String(count)} rows`} without a value in ${column} are copied once; changes to them are seen by comparing keys alone (\`deletes: reconcile\`, or \`per: row\`).`,
    );
  }
  if ((await session.first(TRIGGER, [table, column])) === undefined) {
    said.push(
      by === 'timestamp'
        ? `No trigger sets ${column} on update: a change is seen only where the application sets it each time.`
        : `No trigger sets ${column}: a change is seen only where the application raises it each time.`,
    );
  }
  if ((await session.first(SUBSCRIBED, [table])) !== undefined) {
    said.push(
      `A subscription writes the table: its rows come with values of another server. Set \`lookback\` to more than it can be behind.`,
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
  const name = quote(column);
  const ahead = await session.first(
    `SELECT FROM ${qualify(route.source.name)} WHERE ${name} > ${clockSql(form)} LIMIT 1`,
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
  if (by !== 'version' || typeOf(keyset)?.kind !== 'int') return null;
  const row = await session.first(
    `SELECT count(*), min(v), max(v) FROM (
  SELECT ${quote(column)} AS v FROM ${qualify(route.source.name)} WHERE ${quote(column)} IS NOT NULL LIMIT ${SPREAD_ROWS}) AS looked`,
  );
  const rows = Number(row?.[0]);
  return rows === 0 ? null : { rows, least: Number(row?.[1]), most: Number(row?.[2]) };
}
