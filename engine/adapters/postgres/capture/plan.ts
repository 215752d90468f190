/** What is to be done so that a table is captured whole, as SQL. */
import { CdcError } from '../../../errors';
import { displayName } from '../../../model';
import { OWN_SCHEMA, own, quote, type Session } from '../database';
import type { TableDetail } from '../schema/tables';
import { GENERATION_SQL } from './generation';
import { latestOf, type Capture } from './registry';
import { createTriggers, dropTriggers, triggerNames } from './triggers';

export interface TablePlan {
  readonly detail: TableDetail;
  /** What is recorded of it now. */
  readonly known: Capture | null;
  /**
   * `fresh`: change table, function and triggers are made anew. `generation`: the columns changed and nobody followed.
   * `mend`: function and triggers are made again. `none`: all is in place.
   */
  readonly kind: 'none' | 'fresh' | 'generation' | 'mend';
  /** In their order: those before the capture is recorded, and those after, which may call the event trigger. */
  readonly statements: readonly string[];
  readonly triggers: readonly string[];
  readonly names: CaptureNames;
  readonly changeTable: string;
  readonly guarded: boolean;
  /** True when changes may have been missed until now. */
  readonly hole: boolean;
}

export interface CaptureNames {
  readonly baseName: string;
  readonly functionName: string;
}

/** Ordinal of the function among the statements of a generation. */
const FUNCTION = 5;

/** Why capture of a table is not whole, completing "Table x: …"; null when it is. */
export function findHole(
  capture: Capture,
): { readonly kind: 'gone' | 'altered'; readonly reason: string } | null {
  const { now } = capture;
  if (now.oid !== capture.relid) {
    return { kind: 'gone', reason: 'it was dropped and created again since it is captured' };
  }
  if (!now.hasChangeTable) return { kind: 'altered', reason: 'its change table is gone' };
  const expected = triggerNames(capture.rowLevel);
  if (expected.some((name) => !now.triggers.includes(name))) {
    return { kind: 'altered', reason: 'its triggers are gone or disabled' };
  }
  return now.missed === null ? null : { kind: 'altered', reason: now.missed };
}

/** `promised`: base names that other tables of the same plan will have. */
export async function planTable(
  session: Session,
  detail: TableDetail,
  known: Capture | null,
  guarded: boolean,
  promised: ReadonlySet<string> = new Set(),
): Promise<TablePlan> {
  const names = known ?? (await freeNames(session, detail, promised));
  const plan = (
    kind: TablePlan['kind'],
    hole: boolean,
    changeTable: string,
    statements: readonly string[],
    made: readonly string[] = [],
  ): TablePlan => ({ detail, known, kind, statements, triggers: made, names, changeTable, guarded, hole });
  const generate = async (changeTable: string): Promise<readonly string[]> =>
    generationStatements(session, detail, names, changeTable, guarded);
  const triggers = createTriggers({
    table: detail.schema.name,
    functionName: names.functionName,
    rowLevel: detail.rowLevel,
  });

  const hole = known === null || known.suspended ? null : findHole(known);
  const rebuild =
    known === null ||
    known.suspended ||
    hole?.kind === 'gone' ||
    !known.now.hasChangeTable ||
    known.rowLevel !== detail.rowLevel ||
    known.keyNumbers.join() !== detail.keyNumbers.join();
  if (rebuild) {
    const old = known === null ? [] : await dropStatements(session, known);
    const fresh = await generate(names.baseName);
    return plan('fresh', known !== null, names.baseName, [...old, ...fresh], triggers);
  }
  const latest = latestOf(known);
  if (hole === null && !known.now.sameColumns) {
    const next = `${known.baseName}_g${latest.number + 1}`;
    return plan('generation', false, next, await generate(next));
  }
  if (hole === null && known.guarded === guarded) return plan('none', false, latest.changeTable, []);
  const next = known.now.sameColumns ? latest.changeTable : `${known.baseName}_g${latest.number + 1}`;
  const statements = await generate(next);
  const body = known.now.sameColumns ? statements.slice(FUNCTION - 1) : statements;
  if (hole === null) return plan('mend', false, next, body);
  return plan('mend', true, next, [...dropTriggers(detail.schema.name), ...body], triggers);
}

async function generationStatements(
  session: Session,
  detail: TableDetail,
  names: CaptureNames,
  changeTable: string,
  guarded: boolean,
): Promise<readonly string[]> {
  const rows = await session.query(GENERATION_SQL, [
    detail.oid,
    detail.keyNumbers.map(String),
    changeTable,
    names.functionName,
    detail.rowLevel,
    guarded,
  ]);
  return rows.map(([, statement]) => statement ?? '');
}

/** Drops what there is of a capture, wherever its table has gone meanwhile. */
export async function dropStatements(session: Session, capture: Capture): Promise<readonly string[]> {
  const triggers = await session.query(
    `SELECT format('DROP TRIGGER %I ON %s', t.tgname, t.tgrelid::regclass)
FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
WHERE p.pronamespace = to_regnamespace('${OWN_SCHEMA}') AND p.proname = $1 AND t.tgparentid = 0
ORDER BY t.tgname`,
    [capture.functionName],
  );
  return [
    ...triggers.map(([sql]) => sql ?? ''),
    `DROP FUNCTION IF EXISTS ${own(capture.functionName)}()`,
    ...capture.generations.map(({ changeTable }) => `DROP TABLE IF EXISTS ${own(changeTable)}`),
  ];
}

/** Names that fit into 63 bytes with what generations add to them, and that nobody has. */
async function freeNames(
  session: Session,
  detail: TableDetail,
  promised: ReadonlySet<string>,
): Promise<CaptureNames> {
  const { schema, name } = detail.schema.name;
  const wanted = shorten(`${schema ?? ''}_${name}`);
  for (const suffix of ['', `_${detail.oid}`]) {
    const names = {
      baseName: `changes_${wanted}${suffix}`,
      functionName: `capture_${wanted}${suffix}`,
    };
    if (promised.has(names.baseName)) continue;
    const taken = await session.first(`SELECT to_regclass($1) IS NOT NULL OR to_regproc($2) IS NOT NULL`, [
      own(names.baseName),
      own(names.functionName),
    ]);
    if (taken?.[0] !== 't') return names;
  }
  throw new CdcError(
    'INTERNAL',
    `No name is left for the change table of ${displayName(detail.schema.name)}`,
  );
}

const MOST_BYTES = 38;

function shorten(text: string): string {
  let short = text;
  while (Buffer.byteLength(short) > MOST_BYTES) short = Array.from(short).slice(0, -1).join('');
  return short;
}

/** Throws PRIVILEGE_MISSING: only an owner can enable triggers always, and drop them again. */
export async function requireOwner(session: Session, detail: TableDetail): Promise<void> {
  const row = await session.first(
    `SELECT pg_has_role(c.relowner, 'USAGE'), r.rolname, current_user
FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE c.oid = $1`,
    [detail.oid],
  );
  if (row === undefined || row[0] === 't') return;
  const table = displayName(detail.schema.name);
  throw new CdcError('PRIVILEGE_MISSING', `Table ${table}: the role of the connection does not own it`, {
    table,
    hint: `Triggers take the rights of the owner: GRANT ${quote(row[1] ?? '')} TO ${quote(row[2] ?? '')}`,
  });
}
