/** Which routes can travel as COPY, and as what their columns are staged. */
import type { TableRoute } from '../../../model';
import { columnNamed } from '../capture/check';
import { latestOf, type Capture } from '../capture/registry';
import type { TargetShape } from '../target/shape';
import type { StagedColumn } from '../target/staging';
import type { CopyFormat } from './pipe';

export interface CopiedColumns {
  readonly shape: TargetShape;
  readonly columns: readonly StagedColumn[];
  readonly format: CopyFormat;
}

/**
 * Types whose binary form is the same on every server that knows them. Others (`regclass`, composites, ranges of one's
 * own) hold numbers that mean something in one database only, and go as text.
 */
const SAME_EVERYWHERE = new RegExp(
  `^(${[
    'smallint|integer|bigint|boolean|real|double precision|numeric|oid',
    'text|character varying|character|bpchar|"char"|name|bytea|uuid|json|jsonb|xml',
    'date|interval|(time|timestamp)( with(out)? time zone)?',
    'inet|cidr|macaddr|macaddr8|bit|"bit"|bit varying|tsvector',
    'point|line|lseg|box|path|polygon|circle',
    '(int4|int8|num|ts|tstz|date)range',
  ].join('|')})(\\[\\])*$`,
);

/** Null for a route whose columns have other types on the target: its values have to be looked at one by one. */
export function copiedColumns(route: TableRoute, shape: TargetShape, capture: Capture): CopiedColumns | null {
  const columns: StagedColumn[] = [];
  let format: CopyFormat = 'binary';
  for (const [index, name] of route.columns.entries()) {
    const source = route.source.columns.find((column) => column.name === name);
    const target = shape.columns[index];
    const captured = columnNamed(latestOf(capture), name);
    if (source === undefined || target === undefined || captured === undefined) return null;
    if (source.declaredType !== target.declaredType) return null;
    if ((source.baseType ?? source.declaredType) !== target.storedType) return null;
    if ((source.parts ?? null) !== target.parts) return null;
    const isSame = source.type.kind === 'enum' || SAME_EVERYWHERE.test(withoutModifiers(captured.type));
    if (!isSame) format = 'text';
    if (source.type.kind === 'enum') {
      // A label that the target lacks must fail where its row can be told. It looks the same as text, in binary, too.
      columns.push({ type: 'text', value: `CAST(s.c${index} AS ${target.baseType})` });
      continue;
    }
    const collation = target.collation === null ? '' : ` COLLATE ${target.collation}`;
    columns.push({ type: `${captured.type}${collation}`, value: `s.c${index}` });
  }
  return { shape, columns, format };
}

function withoutModifiers(type: string): string {
  return type.replace(/\([\d,-]+\)/, '');
}
