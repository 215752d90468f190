/** What there is to say before a column is relied on, and what forbids it. */
import { CdcError } from '../../errors';
import { displayName, duration } from '../../model';
import type {
  KeysetAssessment,
  KeysetCapture,
  KeysetReader,
  LogicalType,
  PlanNotice,
  TableSchema,
} from '../../model';
import { nearMissHint } from '../near-misses';
import { routeTable } from '../resolve-tables';
import { BLIND_LOOKBACK_MS } from './horizon';

/** Throws COLUMN_UNKNOWN, COLUMN_UNSUITABLE. */
export async function assessTables(
  reader: KeysetReader,
  { by, column, allowScan, per, deleted }: KeysetCapture,
  tables: readonly TableSchema[],
): Promise<readonly PlanNotice[]> {
  const notices: PlanNotice[] = [];
  for (const schema of tables) {
    const table = displayName(schema.name);
    const names = schema.columns.map(({ name }) => name);
    if (!names.includes(column)) {
      throw new CdcError('COLUMN_UNKNOWN', `Table ${table} has no column ${column} to find its changes by`, {
        hint: nearMissHint(column, names, 'Leave the table to a pipeline that captures by triggers.'),
        table,
        column,
      });
    }
    requireDeleted(schema, deleted);
    const route = routeTable(schema, { to: null, columns: null }, true);
    const { refusal: refused, notices: said, spread } = await reader.assess({ route, column, by }, allowScan);
    const refusal = refused ?? (per === null ? countedRows(column, spread) : null);
    if (refusal !== null) {
      throw new CdcError('COLUMN_UNSUITABLE', `Table ${table}: ${refusal.reason}`, {
        hint: refusal.remedy,
        table,
        column,
      });
    }
    notices.push(...said.map((message) => ({ table, message })));
  }
  return notices;
}

/** Kinds of which texts are not: 'N' would be taken for a deleted row. */
const MARKING: ReadonlySet<LogicalType['kind']> = new Set<LogicalType['kind']>([
  'bool',
  'int',
  'decimal',
  'date',
  'timestamp',
  'dynamic',
]);

function requireDeleted(schema: TableSchema, deleted: string | null): void {
  if (deleted === null) return;
  const table = displayName(schema.name);
  const column = schema.columns.find(({ name }) => name === deleted);
  const about = { table, column: deleted };
  if (column === undefined) {
    const names = schema.columns.map(({ name }) => name);
    throw new CdcError(
      'COLUMN_UNKNOWN',
      `Table ${table} has no column ${deleted} that marks rows as deleted`,
      {
        hint: nearMissHint(deleted, names, 'Leave the table to a pipeline without `deleted`.'),
        ...about,
      },
    );
  }
  if (MARKING.has(column.type.kind)) return;
  throw new CdcError(
    'COLUMN_UNSUITABLE',
    `Table ${table}: column ${deleted} is of type ${column.declaredType}, which marks no rows`,
    { hint: 'Use a column that holds a time, true or a number other than 0 in deleted rows.', ...about },
  );
}

/** As many rows before anything is concluded from their versions. */
const TELLING_ROWS = 100;

/** Many rows with few versions, from 0 or 1 on: each row seems to count its own changes, as ORMs do it to notice others. */
function countedRows(column: string, spread: KeysetAssessment['spread']): KeysetAssessment['refusal'] {
  if (spread === null || spread.rows < TELLING_ROWS) return null;
  const { rows, least, most } = spread;
  const isFew = most - least < rows / 10;
  if (!isFew || (least !== 0 && least !== 1)) return null;
  return {
    reason: `each row seems to count its own changes in column ${column}, so it does not grow over the table`,
    remedy: `\`version: { column: ${column}, per: row }\` compares the versions of all rows; \`per: table\` takes it for one of the table all the same.`,
  };
}

/** What holds for all tables: which changes arrive, and which do not. */
export async function captureNotices(
  reader: KeysetReader,
  capture: KeysetCapture,
): Promise<readonly PlanNotice[]> {
  const messages = [
    capture.per === 'row' ? comparedNotice(capture) : await guarantee(reader, capture),
    ...(capture.per === 'row' ? [] : [deletesNotice(capture)]),
    'Nothing is kept on the source: that it was restored from a backup is not noticed.',
  ];
  return messages.map((message) => ({ table: null, message }));
}

function comparedNotice({ sweepMs }: KeysetCapture): string {
  return (
    `Changes are found by comparing the versions of all rows ${every(sweepMs)}. A row that is deleted, and inserted ` +
    'again with the version that it had, is not seen.'
  );
}

function deletesNotice({ deleted, sweepMs }: KeysetCapture): string {
  const marked = deleted === null ? '' : `, apart from those that ${deleted} marks,`;
  return sweepMs === null
    ? `Rows that are deleted on the source${marked} stay on the target: a column does not show them. \`deletes: reconcile\` compares keys.`
    : `Rows that are deleted on the source${marked} are found by comparing the keys of both sides ${every(sweepMs)}.`;
}

function every(milliseconds: number | null): string {
  return milliseconds === null
    ? 'now and then'
    : `every ${duration(milliseconds)}, and once in each run of a batch pipeline`;
}

async function guarantee(reader: KeysetReader, { by, lookbackMs }: KeysetCapture): Promise<string> {
  const { blind, condition } = await reader.sight();
  if (blind === null) {
    const set = by === 'timestamp' ? condition : 'its version is taken inside the transaction that writes it';
    return `No inserted or updated row is missed as long as ${set}.`;
  }
  const lookback = duration(lookbackMs ?? BLIND_LOOKBACK_MS);
  return `A row is missed whose transaction takes longer than ${lookback} (\`lookback\`): ${blind}`;
}
