/** The tables of the simulated databases: a whole number as key, and a value that no two writes share. */
import type { TableName, TableSchema, Tuple, Value } from '../../engine';

export const TABLES = ['alpha', 'beta', 'gamma'] as const;

export const FAMILY = 'simulated';

/** Columns of every table; `v` is the number of the write that made the row what it is. */
export const KEY = 'id';
export const VALUE = 'v';

/** Rows of the second reference rows of the first, as the target demands. */
const REFERENCES: ReadonlyMap<string, string> = new Map([['gamma', 'alpha']]);

/** `pipeline`: whose target table it is; null for one of the source, which demands nothing. */
export function tableSchema(name: TableName, reread: boolean, pipeline: string | null = null): TableSchema {
  const table = pipeline === null ? undefined : REFERENCES.get(name.name.slice(pipeline.length + 1));
  const column = (label: string): TableSchema['columns'][number] => ({
    name: label,
    declaredType: 'INTEGER',
    type: { kind: 'int', bits: 64, signed: true },
    nullable: false,
    generated: 'no',
    collation: null,
    defaultSql: null,
  });
  return {
    name,
    columns: [column(KEY), column(VALUE)],
    key: { columns: [KEY], from: 'primary key' },
    refusal: null,
    uniqueIndexes: [],
    foreignKeys:
      pipeline === null || table === undefined
        ? []
        : [{ columns: [VALUE], references: { schema: null, name: targetTable(pipeline, table) } }],
    reread,
    options: [],
  };
}

export function makeRow(key: number, value: number): Tuple {
  return [BigInt(key), BigInt(value)];
}

/** The key of a row or of a key tuple. */
export function keyOf(tuple: Tuple): number {
  return wholeNumber(tuple[0]);
}

/** The number of the write that made this row. */
export function valueOf(row: Tuple): number {
  return wholeNumber(row[1]);
}

function wholeNumber(value: Value | undefined): number {
  if (typeof value !== 'bigint') throw new Error('The simulation knows whole numbers only');
  return Number(value);
}

/** Each pipeline has target tables of its own. */
export function targetTable(pipeline: string, table: string): string {
  return `${pipeline}_${table}`;
}

export function pipelineOf(target: string): string {
  return target.split('_')[0] ?? '';
}
