/**
 * Sequences of a target: which ones the columns of its tables draw from, and where those stand. A sequence is taken
 * beyond the numbers of its columns in its own steps, so that one of odd numbers goes on with odd ones.
 */
import { displayName, type SequenceRequest, type SequenceState, type TableName } from '../../../model';
import { qualify, quote } from '../database/identifiers';
import type { Session } from '../database/session';
import { beyond, type SequencePlace, type SequenceRange } from './sequence-steps';

interface Use {
  readonly table: TableName;
  readonly column: string;
}

interface Found extends SequenceRange {
  readonly name: TableName;
  readonly uses: readonly Use[];
  /** What the role lacks, as statements; empty where it lacks nothing. */
  readonly grants: readonly string[];
}

/** In the order of their tables and columns. `raise`: inside of a transaction that may write. */
export async function sequencesOf(
  session: Session,
  requests: readonly SequenceRequest[],
  { raise }: { readonly raise: boolean },
): Promise<readonly SequenceState[]> {
  const states: SequenceState[] = [];
  for (const sequence of await findSequences(session, requests)) {
    states.push(await stateOf(session, sequence, raise));
  }
  return states;
}

async function stateOf(session: Session, sequence: Found, raise: boolean): Promise<SequenceState> {
  const base = {
    sequence: displayName(sequence.name),
    usedBy: sequence.uses.map(({ table, column }) => ({ table: displayName(table), column })),
    remedy: null,
  };
  if (sequence.grants.length > 0) {
    return { ...base, state: 'refused', next: null, former: null, remedy: sequence.grants.join(' ') };
  }
  const held = await farthest(session, sequence);
  const place = await placeOf(session, sequence);
  const { standing, next, to } = beyond(sequence, place, held);
  if (standing === 'exhausted') {
    const remedy = `ALTER SEQUENCE ${qualify(sequence.name)} ${sequence.increment > 0n ? 'MAXVALUE' : 'MINVALUE'} …;`;
    return { ...base, state: 'exhausted', next, former: next, remedy };
  }
  if (to === null) return { ...base, state: 'enough', next, former: next };
  if (!raise) return { ...base, state: 'behind', next, former: next };
  await setTo(session, sequence, to);
  const after = beyond(sequence, await placeOf(session, sequence), held);
  return { ...base, state: 'raised', next: after.next, former: next };
}

/**
 * What serial and identity columns own, and what the default of any other column draws from. Only of columns of whole
 * numbers: elsewhere a sequence is part of a text, say, and no number of it can be told from the rows.
 */
const SEQUENCES = `WITH wanted AS (
  SELECT c.oid, n.nspname, c.relname, w.place
  FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS w (schema, name, place)
  JOIN pg_namespace n ON n.nspname = w.schema
  JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.name AND c.relkind IN ('r', 'p')),
uses AS (
  SELECT d.objid AS sequence, d.refobjid AS relation, d.refobjsubid AS number FROM pg_depend d
  WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0
    AND d.deptype IN ('a', 'i') AND d.refobjid IN (SELECT oid FROM wanted)
  UNION
  SELECT d.refobjid, ad.adrelid, ad.adnum FROM pg_attrdef ad
  JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = ad.oid AND d.refclassid = 'pg_class'::regclass
  WHERE ad.adrelid IN (SELECT oid FROM wanted))
SELECT s.oid::text, sn.nspname, s.relname, w.nspname, w.relname, a.attname,
  q.seqincrement, q.seqmin, q.seqmax, has_schema_privilege(sn.oid, 'USAGE'),
  has_sequence_privilege(s.oid, 'SELECT') AND has_sequence_privilege(s.oid, 'UPDATE'), current_user
FROM uses u JOIN wanted w ON w.oid = u.relation
JOIN pg_class s ON s.oid = u.sequence AND s.relkind = 'S' JOIN pg_namespace sn ON sn.oid = s.relnamespace
JOIN pg_sequence q ON q.seqrelid = s.oid
JOIN pg_attribute a ON a.attrelid = u.relation AND a.attnum = u.number AND NOT a.attisdropped
CROSS JOIN LATERAL (
  WITH RECURSIVE unwrapped(type) AS (
    SELECT a.atttypid UNION ALL
    SELECT x.typbasetype FROM unwrapped n JOIN pg_type x ON x.oid = n.type WHERE x.typtype = 'd')
  SELECT n.type FROM unwrapped n JOIN pg_type x ON x.oid = n.type WHERE x.typtype <> 'd') b
WHERE b.type IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype)
ORDER BY w.place, a.attnum, sn.nspname, s.relname`;

async function findSequences(
  session: Session,
  requests: readonly SequenceRequest[],
): Promise<readonly Found[]> {
  const rows = await session.query(SEQUENCES, [
    requests.map(({ table }) => table.schema),
    requests.map(({ table }) => table.name),
  ]);
  const found = new Map<string, Found>();
  for (const [oid, schema, name, tableSchema, tableName, column, increment, least, most, ...may] of rows) {
    const table: TableName = { schema: tableSchema ?? null, name: tableName ?? '' };
    const use: Use = { table, column: column ?? '' };
    if (!requests.some((request) => isMeant(request, use))) continue;
    const known = found.get(oid ?? '');
    const sequence: TableName = { schema: schema ?? null, name: name ?? '' };
    found.set(oid ?? '', {
      name: sequence,
      uses: [...(known?.uses ?? []), use],
      increment: BigInt(increment ?? '1'),
      least: BigInt(least ?? '1'),
      most: BigInt(most ?? '1'),
      grants: missingGrants(sequence, may),
    });
  }
  return [...found.values()];
}

/** A column may be spelled otherwise than the source does, as in writing its rows. */
function isMeant({ table, columns }: SequenceRequest, use: Use): boolean {
  if (displayName(table) !== displayName(use.table)) return false;
  return columns === null || columns.some((name) => name.toLowerCase() === use.column.toLowerCase());
}

function missingGrants(
  sequence: TableName,
  [mayUse, maySet, role]: readonly (string | null)[],
): readonly string[] {
  const to = `TO ${quote(role ?? '')};`;
  return [
    ...(mayUse === 't' ? [] : [`GRANT USAGE ON SCHEMA ${quote(sequence.schema ?? '')} ${to}`]),
    ...(maySet === 't' ? [] : [`GRANT SELECT, UPDATE ON SEQUENCE ${qualify(sequence)} ${to}`]),
  ];
}

async function placeOf(session: Session, { name }: Found): Promise<SequencePlace> {
  const row = await session.first(`SELECT last_value, is_called FROM ${qualify(name)}`);
  return { last: BigInt(row?.[0] ?? '0'), called: row?.[1] === 't' };
}

/**
 * The number of its columns that lies farthest in its direction; null where there is none, and where a column that can
 * hold anything holds what is no number.
 */
async function farthest(session: Session, { increment, uses }: Found): Promise<bigint | 'no number' | null> {
  const [aggregate, rounded] = increment > 0n ? ['max', 'ceil'] : ['min', 'floor'];
  let far: bigint | null = null;
  for (const { table, column } of uses) {
    const row = await session.first(
      `SELECT ${rounded}(${aggregate}(${quote(column)})::numeric)::text FROM ${qualify(table)}`,
    );
    const text = row?.[0] ?? null;
    if (text === null) continue;
    if (!/^-?\d+$/.test(text)) return 'no number';
    const held = BigInt(text);
    if (far === null || (increment > 0n ? held > far : held < far)) far = held;
  }
  return far;
}

/**
 * Looks once more in the same statement, so that numbers which somebody has drawn meanwhile are not given again. No lock
 * keeps others from drawing one: only what its owner may do would.
 */
async function setTo(session: Session, { name, increment }: Found, to: bigint): Promise<void> {
  const given = 'CASE WHEN is_called THEN last_value::numeric ELSE last_value::numeric - $3 END';
  await session.query(
    `SELECT setval($1::regclass, $2) FROM ${qualify(name)} WHERE ${given} ${increment > 0n ? '<' : '>'} $2`,
    [qualify(name), to, increment],
  );
}
