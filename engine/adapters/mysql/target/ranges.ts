/** Makes a snapshot range of a target table equal to the source's rows. */
import type { ColumnSchema, Cursor, SetAside, Value } from '../../../model';
import { quote, type Session } from '../database';
import { decodeCursor, encodeCursor } from '../rows/cursor';
import { runAll } from './pieces';
import type { TargetColumn } from './shape';
import type { StagedKey, StagedRange, StagedSet } from './staging';
import { keyColumns, mostBytes } from './statements';
import { dropSweeps, finishSweep, startSweep, trackKeys } from './sweep';
import { refusal, writeSet, type WriteOptions } from './write-set';

export interface RangeOptions extends WriteOptions {
  /** What the source lacks stays. */
  readonly keepDeleted: boolean;
}

/** Returns the rows that were set aside. */
export async function equalizeRange(
  session: Session,
  set: StagedSet,
  range: StagedRange,
  options: RangeOptions,
): Promise<readonly SetAside[]> {
  const { bounds, keys, rows } = range;
  const write = (): Promise<readonly SetAside[]> => writeSet(session, set, rows, options);
  if (!bounds.replace) return write();
  const isOfKeys = (bounds.only ?? null) !== null;
  const isWhole = !isOfKeys && bounds.after === null && bounds.upTo === null;
  if (isOfKeys || hasCommonOrder(set) || (isWhole && fitsOnce(session, keys))) {
    // Before the rows are written, since what is missing may hold their unique values.
    if (!options.keepDeleted) await deleteMissing(session, set, range);
    return write();
  }
  if (bounds.after === null) await startSweep(session, set);
  const aside = await write();
  await trackKeys(session, set, keys);
  if (bounds.upTo === null) {
    await (options.keepDeleted ? dropSweeps(session, [set.route.target]) : finishSweep(session, set));
  }
  return aside;
}

function fitsOnce(session: Session, keys: readonly StagedKey[]): boolean {
  const bytes = keys.reduce((sum, { keySql }) => sum + Buffer.byteLength(keySql) + 2, 0);
  return bytes < mostBytes(session.maxPacket) / 2;
}

/** Keys of a range between two of its rows, or its bounds. */
interface Part {
  readonly after: Bound | null;
  readonly upTo: Bound | null;
  readonly keys: readonly StagedKey[];
}

/** Values of the key. */
type Bound = readonly Value[];

/** Deletes the target's rows of the range that the source does not have. */
async function deleteMissing(session: Session, set: StagedSet, range: StagedRange): Promise<void> {
  const { shape, route } = set;
  const { only = null } = range.bounds;
  const statements: string[] = [];
  if (only !== null) statements.push(...deleteAmong(set, range, only));
  else {
    for (const { after, upTo, keys } of partsOf(session, set, range)) {
      const conditions = [
        ...(after === null ? [] : [compare(set, '>', after)]),
        ...(upTo === null ? [] : [compare(set, '<=', upTo)]),
        ...(keys.length === 0
          ? []
          : [`${keyColumns(shape)} NOT IN (${keys.map(({ keySql }) => keySql).join(', ')})`]),
      ];
      const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
      statements.push(`DELETE FROM ${shape.table}${where}`);
    }
  }
  const failure = await runAll(session, statements);
  if (failure !== null) throw refusal(route.id, failure.code, null);
}

/** Deletes the rows of single keys that the source does not have. */
function deleteAmong(set: StagedSet, { keys }: StagedRange, only: readonly Cursor[]): readonly string[] {
  const { shape } = set;
  const there = new Set<string>(keys.map(({ key }) => encodeCursor(key)));
  // A key that can't be converted is no key of the target: there is nothing to delete under it.
  const gone = only
    .filter((cursor) => !there.has(cursor))
    .map((cursor) => compare(set, '=', decodeCursor(cursor, shape.key.length)))
    .filter((condition) => condition !== 'FALSE');
  if (gone.length === 0) return [];
  // The source may have a key in another spelling, which is the same to the target.
  const spelled =
    keys.length === 0
      ? ''
      : ` AND ${keyColumns(shape)} NOT IN (${keys.map(({ keySql }) => keySql).join(', ')})`;
  return [`DELETE FROM ${shape.table} WHERE (${gone.map((one) => `(${one})`).join(' OR ')})${spelled}`];
}

/** Cuts a range that is too large for a statement: its rows come in the order of the key, so one ends each part. */
function partsOf(session: Session, { shape }: StagedSet, { bounds, keys }: StagedRange): readonly Part[] {
  const boundOf = (cursor: Cursor | null): Bound | null =>
    cursor === null ? null : decodeCursor(cursor, shape.key.length);
  const last = boundOf(bounds.upTo);
  const parts: Part[] = [];
  let after = boundOf(bounds.after);
  let part: StagedKey[] = [];
  let bytes = 0;
  for (const key of keys) {
    part.push(key);
    bytes += Buffer.byteLength(key.keySql) + 2;
    if (bytes < mostBytes(session.maxPacket) / 2) continue;
    parts.push({ after, upTo: key.key, keys: part });
    after = key.key;
    part = [];
    bytes = 0;
  }
  return [...parts, { after, upTo: last, keys: part }];
}

/** `(key) > (bound)`, spelt out, since the servers follow no index by a comparison of rows. */
function compare({ shape }: StagedSet, operator: '>' | '<=' | '=', bound: Bound): string {
  const { key } = shape;
  const [only] = bound;
  if (key.length === 1 && isInteger(key[0]) && typeof only !== 'bigint') {
    // SQLite orders numbers, texts, bytes: no integer comes after a text.
    if (typeof only !== 'number') return operator === '<=' ? 'TRUE' : 'FALSE';
    return `${quote(key[0]?.name ?? '')} ${operator} ${only.toExponential()}`;
  }
  const names = key.map(({ name }) => quote(name));
  const literals = key.map(({ fit }, index) => fit(bound[index] ?? null));
  if (literals.includes(undefined)) return operator === '<=' ? 'TRUE' : 'FALSE';
  if (operator === '=') return names.map((name, index) => `${name} = ${literals[index] ?? ''}`).join(' AND ');
  const alternatives = names.map((name, place) => {
    const before = names.slice(0, place).map((earlier, index) => `${earlier} = ${literals[index] ?? ''}`);
    const final = place === names.length - 1 ? operator : operator === '>' ? '>' : '<';
    return [...before, `${name} ${final} ${literals[place] ?? ''}`].join(' AND ');
  });
  const outer = `${names[0] ?? ''} ${operator === '>' ? '>=' : '<='} ${literals[0] ?? ''}`;
  return `${outer} AND (${alternatives.map((one) => `(${one})`).join(' OR ')})`;
}

function isInteger(column: TargetColumn | undefined): boolean {
  return column !== undefined && /^(tiny|small|medium|big)?int$/.test(column.found.native);
}

/**
 * Whether source and target are known to put the key's values into the same order, and every value of the source's can
 * be compared with the target's. Other tables are swept after their last range.
 */
function hasCommonOrder({ route, shape }: StagedSet): boolean {
  return route.key.every((name, index) => {
    const source = route.source.columns.find((column) => column.name === name);
    const target = shape.key[index];
    return source !== undefined && target !== undefined && sameOrder(source, target, route.key.length === 1);
  });
}

function sameOrder(source: ColumnSchema, target: TargetColumn, isAlone: boolean): boolean {
  switch (source.type.kind) {
    case 'int':
      return isInteger(target) && holds(source.type, target);
    case 'dynamic':
      // A column of SQLite that should hold integers may hold more; alone it can be compared all the same.
      return isInteger(target) && isAlone;
    case 'bytes':
      return target.found.native === 'varbinary';
    case 'uuid':
      // As text, whose form is the same everywhere; a type of that name has an order of its own here.
      return isBytewise(target.found.collation) || target.found.collation === 'ascii_bin';
    case 'text':
      return isBytewise(source.collation) && isBytewise(target.found.collation);
    case 'bool':
    case 'decimal':
    case 'float':
    case 'date':
    case 'time':
    case 'timestamp':
    case 'interval':
    case 'json':
    case 'enum':
    case 'array':
    case 'other':
      return false;
  }
}

function holds(type: Extract<ColumnSchema['type'], { kind: 'int' }>, { fit }: TargetColumn): boolean {
  const least = type.signed ? -(2n ** BigInt(type.bits - 1)) : 0n;
  const most = 2n ** BigInt(type.signed ? type.bits - 1 : type.bits) - 1n;
  return fit(least) !== undefined && fit(most) !== undefined;
}

/** Collations that compare bytes, blanks at the end among them; also PostgreSQL's. */
function isBytewise(collation: string | null): boolean {
  return (
    collation !== null &&
    /^(utf8mb4_0900_bin|(utf8mb4|utf8mb3|ascii)_nopad_bin|(("?pg_catalog"?\.)?"?(C|POSIX|ucs_basic)"?))$/.test(
      collation,
    )
  );
}
